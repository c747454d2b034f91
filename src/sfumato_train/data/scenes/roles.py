"""Who can do what in a scene: concepts by the part they play, with the word that a caption uses.

Concepts are those of the emoji sets, which draw the same things in many styles. A concept that a data set
lacks is simply never drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


def _table(text: str) -> dict[str, str]:
    """Comma-separated "concept" or "concept = spoken word"."""
    pairs = (entry.partition("=") for entry in " ".join(text.split()).split(","))
    return {c.strip(): (spoken.strip() or c.strip()) for c, _, spoken in pairs if c.strip()}


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A thing in an actor's hands.

    `verbs` are the words between actor and thing; `at` is where its centre goes and `extent` how large it is,
    both relative to the actor's box: (0, 0) is the actor's top left corner and (1, 1) its bottom right one.
    """

    spoken: str
    verbs: tuple[str, ...]
    at: tuple[float, float]
    extent: float


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A thing to be on or in.

    `share` of its height overlaps with the actor; `width` and `actor` are how large it and the actor are, in
    0..1 of the picture. It `hides` what the actor has behind it, or lies behind the actor. It is turned
    `level` where it is drawn aslant.
    """

    spoken: str
    verbs: tuple[str, ...]
    share: float
    width: float
    actor: float
    hides: bool = True
    level: bool = False


# Heads seen from the front: they wear hats and glasses.
FACES = _table("""
    cat face = cat, dog face = dog, panda, bear, fox, koala, tiger face = tiger, rabbit face = rabbit,
    lion, monkey face = monkey, pig face = pig, cow face = cow, frog, wolf, mouse face = mouse, hamster,
    raccoon, polar bear, teddy bear, robot, ghost, alien, owl, penguin, skull, snowman without snow =
    snowman, jack-o-lantern = pumpkin, grinning face = smiley, smiling face with smiling eyes = smiling
    face, slightly smiling face = smiley, neutral face, clown face = clown, grinning cat = cat, baby,
    boy, girl, man, woman, child, person, old man, old woman, older person, sun with face = sun, full
    moon face = moon, pile of poo
""")
# Animals and figures with a body, and heads that stand for the whole animal.
ACTORS = _table("""
    cat, dog, polar bear, teddy bear, penguin, owl, rabbit, monkey, gorilla, orangutan, mouse, hedgehog,
    raccoon, chipmunk, beaver, otter, badger, kangaroo, duck, rooster, baby chick = chick, hatching
    chick, front-facing baby chick = chick, dodo, frog, turtle, crocodile, lizard, t-rex, sauropod =
    dinosaur, dragon, octopus, elephant, pig, cow, goat, ewe = sheep, ram, llama, tiger, leopard, zebra,
    bear, panda, fox, koala, lion, cat face = cat, dog face = dog, rabbit face = rabbit, monkey face =
    monkey, pig face = pig, cow face = cow, tiger face = tiger, wolf, hamster, mouse face = mouse,
    robot, ghost, alien, unicorn, snowman without snow = snowman, superhero, ninja, mage = wizard, santa
    claus = santa claus, princess, prince, fairy, elf, astronaut, vampire, man, woman, boy, girl, baby,
    child, person, cook = chef, farmer, pilot, artist, singer, student, teacher, scientist
""")
SWIMMERS = _table("""
    fish, tropical fish, blowfish, dolphin, octopus, shark, turtle, whale, spouting whale = whale, crab,
    squid, shrimp, jellyfish, seal, duck, rubber duck, frog, snail
""")

_SIDE, _FRONT, _RAISED, _MOUTH = (0.86, 0.72), (0.5, 0.82), (0.92, 0.28), (0.62, 0.74)


def _props(at: tuple[float, float], extent: float, verbs: str, things: str) -> dict[str, Prop]:
    """The same place, size and verbs for several things."""
    words = tuple(verbs.split(", "))
    return {c: Prop(spoken=spoken, verbs=words, at=at, extent=extent) for c, spoken in _table(things).items()}


PROPS: dict[str, Prop] = {
    **_props(_RAISED, 0.62, "holding, with", """
        balloon, party popper, umbrella, sparkler, flag in hole = flag, kite, magic wand, torch,
        lollipop, broom
    """),
    **_props(_FRONT, 0.66, "playing, playing, holding", """
        guitar, violin, banjo, accordion, harp, long drum
    """),
    **_props(_MOUTH, 0.55, "playing, holding", """
        saxophone, trumpet, trombone, flute, drum, maracas, musical keyboard = keyboard
    """),
    **_props(_FRONT, 0.55, "reading, holding", """
        open book = book, newspaper, closed book = book, blue book, green book, scroll
    """),
    **_props(_MOUTH, 0.48, "eating, holding, with", """
        pizza, hamburger, hot dog, taco, doughnut = donut, ice cream, soft ice cream = ice cream
        cone, cookie, watermelon, banana, carrot, red apple = apple, cupcake, pretzel, croissant,
        burrito, sandwich, strawberry, pear, peach, meat on bone = bone with meat, pancakes,
        popcorn, french fries, sushi
    """),
    **_props(_SIDE, 0.5, "drinking, holding, with", """
        beer mug = beer, bubble tea, wine glass = glass of wine, glass of milk, cocktail glass =
        cocktail, tropical drink, hot beverage = cup of coffee, cup with straw = soft drink
    """),
    **_props(_SIDE, 0.5, "holding, holding, with, carrying", """
        rose, tulip, sunflower, bouquet = bouquet of flowers, wrapped gift = gift, trophy, red
        heart, key, candle, crystal ball, soccer ball, basketball, birthday cake, teddy bear,
        glowing star = star, gem stone = gem, money bag, light bulb, lantern, red paper lantern =
        lantern, bomb, clapper board, pencil, paintbrush, artist palette, magnet, alarm clock,
        handbag, briefcase, lemon, egg, pineapple, cactus, mushroom
    """),
    **_props(_SIDE, 0.48, "using, holding, with", """
        mobile phone = phone, telephone receiver = telephone, laptop, camera, microphone, megaphone,
        telescope, video game = game controller, magnifying glass tilted left = magnifying glass
    """),
    **_props(_SIDE, 0.58, "holding, with", """
        axe, dagger = sword, shield, hammer, wrench, bow and arrow, boomerang, fishing pole =
        fishing rod, baseball, tennis = tennis racket, badminton = badminton racket, carpentry saw =
        saw, screwdriver, spoon, fork and knife
    """),
}  # fmt: skip

# Hats: width relative to the head, and how far down over the head the hat comes (of the hat's height).
HATS: dict[str, tuple[str, float, float]] = {
    "top hat": ("top hat", 0.72, 0.16),
    "crown": ("crown", 0.62, 0.14),
    "graduation cap": ("graduation cap", 0.86, 0.34),
    "billed cap": ("cap", 0.78, 0.36),
    "military helmet": ("helmet", 0.94, 0.5),
    "ribbon": ("bow", 0.42, 0.5),
    "rescue worker's helmet": ("helmet", 0.84, 0.4),
    "woman's hat": ("hat", 0.95, 0.38),
}
EYEWEAR: dict[str, tuple[str, float]] = {
    "sunglasses": ("sunglasses", 0.82),
    "glasses": ("glasses", 0.82),
    "goggles": ("goggles", 0.85),
}


def _seat(spoken: str, verbs: str, share: float, width: float, actor: float) -> Seat:
    return Seat(spoken=spoken, verbs=tuple(verbs.split(", ")), share=share, width=width, actor=actor)


SEATS: dict[str, Seat] = {
    "skateboard": replace(_seat("skateboard", "riding, on", 0.04, 0.8, 0.62), hides=False, level=True),
    "kick scooter": _seat("scooter", "riding, on", 0.75, 0.8, 0.6),
    "bicycle": _seat("bicycle", "riding, on", 0.42, 0.8, 0.55),
    "motorcycle": _seat("motorcycle", "riding, on", 0.42, 0.8, 0.55),
    "motor scooter": _seat("motor scooter", "riding, on", 0.6, 0.8, 0.55),
    "horse": _seat("horse", "riding, on", 0.35, 0.8, 0.5),
    "elephant": _seat("elephant", "riding, on top of", 0.14, 0.8, 0.45),
    "turtle": _seat("turtle", "riding, on top of", 0.16, 0.8, 0.48),
    "sled": _seat("sled", "riding, on", 0.35, 0.8, 0.55),
    "tractor": _seat("tractor", "on, driving", 0.3, 0.8, 0.45),
    "automobile": _seat("car", "on top of, on", 0.06, 0.8, 0.45),
    "flying saucer": _seat("flying saucer", "on top of, riding", 0.2, 0.8, 0.45),
    "canoe": _seat("canoe", "in, paddling", 0.4, 0.9, 0.55),
    "speedboat": _seat("speedboat", "in, driving", 0.3, 0.9, 0.55),
    "bathtub": _seat("bathtub", "in, sitting in", 0.8, 0.8, 0.5),
    "bucket": _seat("bucket", "in, sitting in", 0.34, 0.55, 0.52),
    "basket": _seat("basket", "in, sitting in", 0.4, 0.62, 0.52),
    "shopping cart": _seat("shopping cart", "in", 0.6, 0.7, 0.5),
    "empty nest": _seat("nest", "in", 0.35, 0.75, 0.55),
    "teacup without handle": _seat("cup", "in", 0.42, 0.55, 0.5),
    "chair": replace(_seat("chair", "on, sitting on", 0.6, 0.8, 0.45), hides=False),
    "bed": replace(_seat("bed", "on, sitting on", 0.35, 0.9, 0.55), hides=False),
    "couch and lamp": replace(_seat("couch", "on, sitting on", 0.9, 0.95, 0.45), hides=False),
    "package": _seat("box", "on top of, on, sitting on", 0.1, 0.55, 0.5),
    "books": _seat("pile of books", "on top of, on, sitting on", 0.08, 0.55, 0.5),
    "rock": _seat("rock", "on top of, on, sitting on", 0.12, 0.6, 0.48),
    "birthday cake": _seat("cake", "on top of, behind", 0.2, 0.55, 0.48),
    "hamburger": _seat("hamburger", "on top of, on", 0.1, 0.58, 0.46),
    "mushroom": _seat("mushroom", "on top of, on, sitting on", 0.08, 0.58, 0.46),
    "wrapped gift": _seat("gift", "on top of, behind", 0.16, 0.52, 0.48),
}
