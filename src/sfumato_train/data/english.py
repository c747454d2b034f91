"""The little English that captions need: articles, plurals, number words, and which names take an article.

Rules first, exceptions in tables. Names come in lower case ("red apple", "woman with headscarf").
"""

from __future__ import annotations

from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# Words that end the head of a noun phrase: "bowl | with spoon", "slice | of pizza".
_LINKS = _words(
    """
    with without of in on at and holding wearing making playing riding from for to over under behind
    carrying using getting taking giving eating
    """
)
_IRREGULAR = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "mouse": "mice",
    "goose": "geese", "foot": "feet", "tooth": "teeth", "ox": "oxen", "leaf": "leaves", "knife": "knives",
    "wolf": "wolves", "loaf": "loaves", "shelf": "shelves", "scarf": "scarves", "elf": "elves",
    "calf": "calves", "half": "halves", "life": "lives", "wife": "wives", "thief": "thieves",
    "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes", "hero": "heroes", "echo": "echoes",
    "volcano": "volcanoes", "mosquito": "mosquitoes", "cactus": "cacti", "snowman": "snowmen",
    "fireman": "firemen", "policeman": "policemen", "quiz": "quizzes", "matryoshka": "matryoshkas",
}  # fmt: skip
_UNCHANGED = _words(
    """
    fish sheep deer moose bison shrimp squid salmon trout swine aircraft spacecraft hovercraft
    series species blowfish sushi
    """
)
_PLURAL_ONLY = _words(
    """
    maracas glasses sunglasses goggles scissors trousers jeans shorts pants pliers tongs tweezers binoculars
    briefs pajamas headphones chopsticks stairs clothes fries noodles people men women children feet
    teeth geese mice wolves leaves knives fairies elves antlers
    """
)
_SINGULAR_S = _words(
    """
    bus gas cactus octopus walrus virus hibiscus asparagus lotus iris lens tennis christmas compass
    hippopotamus rhinoceros platypus cross dress glass grass chess mattress mess kiss boss class
    princess hostess waitress actress abacus cosmos chaos canvas atlas thermos tetris mars venus
    claus mrs news physics mathematics lacrosse campus circus crocus focus
    genius nexus status stegosaurus tyrannosaurus triceratops brontosaurus brachiosaurus pegasus
    papyrus narcissus eucalyptus citrus uterus us as is this yes plus minus bass brass moss
    loss press address business fitness wellness darkness happiness analysis oasis basis axis tennis
    trellis clematis pancreas olympus sphinx hummus couscous asterisk ibis mantis swiss hors gps css
    sms sos ios os ops
    """
)
_MASS = _words(
    """
    polish rice bread cheese fire fog sushi honey salt butter popcorn money broccoli bacon garlic ice snow
    water tofu meat fruit hummus ginger wood rain lightning music art grass hay coal gold silver
    milk juice wine beer tea coffee sake oden dango ramen spaghetti pasta tennis chess football
    basketball baseball volleyball badminton golf lacrosse cricket rugby hockey softball bowling
    boxing judo karate fencing surfing skiing snowboarding swimming running walking dancing poop
    hair skin luggage furniture clothing jewelry jewellery weather traffic mail email glue paint ink
    dust smoke steam sand soil mud asparagus curry soup cloth seaweed celery lettuce spinach parsley
    basil mint wheat corn barley oil sugar flour dna bling
    """
)
_VOWEL_SOUND_H = ("hour", "honest", "honour", "honor", "heir")
_CONSONANT_SOUND = (
    "uni", "use", "usa", "usb", "util", "ufo", "uk", "eu", "ewe", "one", "once", "uranus", "u-turn",
)  # fmt: skip
_VOWEL_UNI = ("unin", "unim", "unid", "unic ")
_SPELLED_VOWEL = _words(
    """
    sos atm id ok on x r n m l s f h sms mp3 html lcd led x-ray mri fm hdmi ngo rv
    """
)


def article(phrase: str) -> str:
    """ "a" or "an", by the sound of the first word: an hour, a unicorn, an X-ray, an 8 ball."""
    word = phrase.lower().partition(" ")[0]
    stem = word.partition("-")[0]
    if word in _SPELLED_VOWEL or stem in _SPELLED_VOWEL or word.startswith(_VOWEL_SOUND_H):
        return "an"
    if word[:1].isdigit():
        return "an" if word.startswith(("8", "11", "18")) else "a"
    if word.startswith(_CONSONANT_SOUND) and not word.startswith(_VOWEL_UNI):
        return "a"
    return "an" if word.startswith(tuple("aeiouáéíóúâêîôûäëïöü")) else "a"


def split_head(phrase: str) -> tuple[list[str], list[str]]:
    """The words up to and with the head noun, and the rest: (["bowl"], ["with", "spoon"])."""
    words = phrase.split()
    for i, word in enumerate(words):
        if i > 0 and word in _LINKS:
            return words[:i], words[i:]
    return words, []


@lru_cache(maxsize=65536)
def is_plural(phrase: str) -> bool:
    """Whether the head noun of a name is plural: "clinking beer mugs", "men wrestling", "sunglasses"."""
    head, _ = split_head(phrase.lower())
    if not head:
        return False
    if head[0] in {"men", "women", "people", "children"}:
        return True
    word = head[-1].strip("!?.,)(")
    if word in _PLURAL_ONLY:
        return True
    if word in _SINGULAR_S or "'" in word or "’" in word or not word.isalpha():
        return False
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "as", "os"))


@lru_cache(maxsize=65536)
def is_mass(phrase: str) -> bool:
    """Whether the name's head is a substance or an activity, which is not counted and takes no article."""
    head, _ = split_head(phrase.lower())
    return bool(head) and head[-1] in _MASS


@lru_cache(maxsize=65536)
def plural(phrase: str) -> str:
    """Plural of a counted name: "red apples", "bowls with spoon", "mice"; plural names are left alone."""
    if is_plural(phrase):
        return phrase
    head, rest = split_head(phrase)
    if not head:
        return phrase
    return " ".join([*head[:-1], _plural_word(head[-1]), *rest])


def _plural_word(word: str) -> str:
    if word in _UNCHANGED:
        return word
    for singular, many in _IRREGULAR.items():
        if word == singular or (len(singular) > 3 and word.endswith(("-" + singular, singular + "man"))):
            return word[: len(word) - len(singular)] + many
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


@lru_cache(maxsize=65536)
def noun_phrase(name: str) -> str:
    """The name as it stands in a sentence, with "a"/"an" where English wants one.

    "a red apple", "an owl", "sunglasses", "broccoli".
    """
    if name.startswith("flag of "):
        return f"the {name}"
    if is_plural(name) or is_mass(name) or name.startswith(("the ", "a ", "an ")):
        return name
    return f"{article(name)} {name}"


def the_phrase(name: str) -> str:
    """The name with a definite article."""
    return name if name.startswith("the ") else f"the {name}"


def counted(number: int, name: str) -> str:
    """Number words and plurals: "one lemon", "three lemons"."""
    return f"{NUMBERS[number]} {name if number == 1 else plural(name)}"


def joined(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
