"""From what a package says about a picture to the words that the model learns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import rules, words
from .emoji import Emoji, EmojiBook, Italian, squash
from .readers import Item
from .sources import Source

_VARIANTS = {
    "streamline-kameleon-color": ("-duo", "duotone"),
    "streamline-stickies-color": ("-duo", "duotone"),
    "streamline-color": ("-flat", "flat"),
    "streamline-plump-color": ("-flat", "flat"),
    "streamline-flex-color": ("-flat", "flat"),
    "streamline-sharp-color": ("-flat", "flat"),
    "meteocons": ("-fill", "filled"),
}
_FLAGS = frozenset({"flag", "circle-flags"})  # named by country codes
_CATEGORIES = (
    (r"animals", "animals & nature"),
    (r"plants|ecology|weather|nature", "animals & nature"),
    (r"food|drink", "food & drink"),
    (r"people|users|hands|character|family|peoples", "people & body"),
    (r"emot|smile|smilies|emoji", "smileys & emotion"),
    (r"flags?\b", "flags"),
    (r"transport|travel|map|building|geography|build|wayfinding|navigation|homes|places", "travel & places"),
    (r"recreation|sport|game|entertainment|music|hobbies|culture|activit|awards", "activities"),
    (r"shapes|symbols|arrows|interface|abstract|edit|datas|graphics|constellation|emblems|charts", "symbols"),
)
_COLLECTION = re.compile(r"^(?:aiga|hotel icon|plastik icon)\s+| rpg map elements$| openclipart$")
_NUMBERED = re.compile(r"(?<=[a-z]{2})-(?:one|two|three|four|five|six|seven|eight)$")
_TITLE = re.compile(r"^clipart by [^-]+ - ", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Description:
    """The words for one picture, and what follows from them. `fault` says why it is left out, or is empty."""

    name: str
    concept: str
    keywords: tuple[str, ...] = ()
    category: str = "objects"
    attributes: tuple[str, ...] = ()
    flip: bool = True
    weight: float = 1.0
    is_emoji: bool = False
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All that is known of words before any picture is seen."""

    book: EmojiBook
    italian: Italian
    segmenter: words.Segmenter

    @classmethod
    def read(cls, emojibase: Path, emojilib: Path) -> Lexicon:
        """From the folders that the two packages were unpacked to."""
        book = EmojiBook(emojibase, emojilib)
        return cls(book=book, italian=Italian(emojibase), segmenter=words.Segmenter(book.phrases()))


class Describer:
    """Describes all items of one source; it looks at all of them first, because titles are shared."""

    def __init__(self, source: Source, items: Sequence[Item], lexicon: Lexicon) -> None:
        self._source, self._book = source, lexicon.book
        self._segmenter, self._italian = lexicon.segmenter, lexicon.italian
        self._titles = Counter(item.name for item in items)

    def describe(self, item: Item) -> Description:
        """The words for `item`."""
        emoji = self._emoji(item)
        if emoji is not None:
            return self._as_emoji(emoji)
        if not self._source.train:
            return Description(name=item.name, concept=item.name, fault="not an emoji of the standard")
        return self._as_named(item)

    def _emoji(self, item: Item) -> Emoji | None:
        if self._source.name in _FLAGS:
            return self._book.find("", _flag_code(item.id.removesuffix("-4x3")))
        if self._source.emoji:
            return self._book.find(item.name, item.hexcode)
        # Nicknames of emoji ("cop", "x") say too little here: only the full name counts.
        return self._book.find_label(self._name(item)[0])

    def _as_emoji(self, emoji: Emoji) -> Description:
        name = words.readable(emoji.label)
        weight = rules.word_weight(name, emoji.group, emoji.subgroup, len(emoji.tones))
        return Description(
            name=name,
            concept=name,
            keywords=words.keywords(emoji, name),
            category=emoji.group,
            attributes=tuple(dict.fromkeys(emoji.tones)),
            flip=rules.may_flip(name, emoji.group, emoji.subgroup),
            weight=1.0 if self._source.name in _FLAGS else weight,
            is_emoji=True,
        )

    def _as_named(self, item: Item) -> Description:
        name, variant = self._name(item)
        category = _category(item.path)
        return Description(
            name=name,
            concept=name,
            keywords=words.choose((*item.keywords, *reversed(item.path.split("/"))), name, most=4)
            if self._source.name == "openclipart"
            else (),
            category=category,
            attributes=variant,
            flip=rules.may_flip(name, category, ""),
            weight=rules.word_weight(name, category, "", 0) * _path_weight(item.path) * self._language_weight(item),
            fault="a flag of no country" if self._source.name in _FLAGS else rules.fault(name),
        )

    def _language_weight(self, item: Item) -> float:
        """One productive author names his pictures in Italian, which the model is not to learn."""
        return 0.4 if "Rollandin" in item.author else 1.0

    def _name(self, item: Item) -> tuple[str, tuple[str, ...]]:
        """The item's own name, and what its variant suffix says."""
        slug = item.name if self._source.reader == "openclipart" else item.name.rpartition("/")[2]
        ending, attribute = _VARIANTS.get(self._source.name, ("", ""))
        variant = (attribute,) if ending and slug.endswith(ending) else ()
        slug = slug.removesuffix(ending)
        if self._source.name == "fxemoji":
            return self._segmenter.split(slug), variant
        if self._source.name == "openclipart":
            return self._clipart_name(item), variant
        if self._source.name == "icon-park":
            slug = _NUMBERED.sub("", slug)
        return words.from_slug(slug), variant

    def _clipart_name(self, item: Item) -> str:
        """The title without its author, or the file's name where the title names a whole collection."""
        title = _TITLE.sub("", item.name)
        stem = item.id.rpartition("/")[2]
        shared = self._titles[item.name] > 2 or title != item.name or len(title.split()) > 8
        name = words.from_slug(stem if shared or not re.search("[A-Za-z]{3}", title) else title)
        name = _without_author(name, item.author) or words.from_slug(stem)
        name = _COLLECTION.sub("", name)
        if "Rollandin" in item.author:
            name = self._italian.translate(name)
        if item.path.startswith("signs_and_symbols/flags/") and "flag" not in name:
            return f"flag of {name}"
        return name


def _without_author(name: str, author: str) -> str:
    """Drop the author's (often cut) names from the end: "car jean vic" by Jean-Victor Balin is "car"."""
    own = [squash(part) for part in re.split(r"[\s.-]+", author) if len(part) > 2]
    parts = name.split()
    while len(parts) > 1 and (
        any(a.startswith(squash(parts[-1])) for a in own if len(parts[-1]) > 1)
        or parts[-1].isdigit()
        or len(parts[-1]) == 1
        or parts[-1] in {"bw", "svg", "icon"}
    ):
        parts.pop()
    return " ".join(parts)


def _flag_code(country: str) -> str:
    """Regional indicators of a two-letter country code, or the tag sequence of "gb-eng" and its kin."""
    if re.fullmatch("[a-z]{2}", country):
        return "-".join(f"{0x1F1E6 + ord(c) - ord('a'):x}" for c in country)
    tags = "-".join(f"e00{ord(c):x}" for c in country.replace("-", ""))
    return f"1f3f4-{tags}-e007f"


def _category(path: str) -> str:
    return next((c for pattern, c in _CATEGORIES if re.search(pattern, path.lower())), "objects")


def _path_weight(path: str) -> float:
    """Clip art of computers, signs and maps is plentiful and dull."""
    if re.match(r"signs_and_symbols/flags", path):
        return rules.FLAG
    return 0.4 if re.match(r"computer|signs_and_symbols|shapes|transportation/aiga|geography$", path) else 1.0
