"""What is known of every emoji: names, tags and groups from Emojibase, keywords from emojilib.

Vendors call one emoji by many names ("face-savouring-delicious-food", "yum", "1f60b"). `EmojiBook.find`
brings them to one entry, whose label is the concept that all vendors' drawings share.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TONES = (
    "light skin tone",
    "medium-light skin tone",
    "medium skin tone",
    "medium-dark skin tone",
    "dark skin tone",
)
# Where an old vendor's name means another emoji today, or is nobody's any more.
_OLD_NAMES = {
    "pouting face": "1f621",
    "exclamation mark": "2757",
    "grinning cat face": "1f63a",
    "kissing cat face": "1f63d",
    "smiling cat face with heart eyes": "1f63b",
    "man in suit levitating": "1f574",
    "laptop computer": "1f4bb",
    "crazy face": "1f92a",
    "a button": "1f170",
    "b button": "1f171",
    "ab button": "1f18e",
    "o button": "1f17e",
    "red wine glass": "1f377",
    "game dice": "1f3b2",
    "flag-macau-sar-china": "1f1f2-1f1f4",
    **{f"digit {word}": f"3{n}-20e3" for n, word in enumerate(_DIGITS)},
}
_TONE_SUFFIX = re.compile(r"-tone-?([1-6])$")


@dataclass(frozen=True, kw_only=True)
class Emoji:
    """`label` is without skin tones, which are `tones`; `group` and `subgroup` are Emojibase's."""

    label: str
    tones: tuple[str, ...]
    tags: tuple[str, ...]
    group: str
    subgroup: str


class EmojiBook:
    """All emoji, found by code points or by any of their names."""

    def __init__(self, emojibase: Path, emojilib: Path) -> None:
        english = emojibase / "package" / "en"
        messages = _json(english / "messages.json")
        groups = {g["order"]: g["message"] for g in messages["groups"]}
        subgroups = {g["order"]: g["key"] for g in messages["subgroups"]}
        words = _json(emojilib / "package" / "dist" / "emoji-en-US.json")
        lib = {code_points(char): tuple(found) for char, found in words.items()}
        self._by_code: dict[str, Emoji] = {}
        self._code_by_name: dict[str, str] = {}
        self._code_by_words: dict[tuple[str, ...], str] = {}
        for name, code in _OLD_NAMES.items():
            self._code_by_name[squash(name)] = code
        for entry in _json(english / "data.json"):
            tags = (
                *entry.get("tags", ()),
                *(w.replace("_", " ") for w in lib.get(_key(entry["hexcode"]), ())),
            )
            for skin in (entry, *entry.get("skins", ())):
                emoji = Emoji(
                    label=_label(entry["label"]),
                    tones=_tones(skin),
                    tags=tags,
                    group=groups.get(entry.get("group"), "symbols"),
                    subgroup=subgroups.get(entry.get("subgroup"), ""),
                )
                self._add(skin["label"], _key(skin["hexcode"]), emoji)
        self._add_names(emojibase / "package")

    def _add(self, label: str, code: str, emoji: Emoji) -> None:
        self._by_code.setdefault(code, emoji)
        self._code_by_words.setdefault(_sorted_words(label), code)
        self.name(label, code)

    def _add_names(self, package: Path) -> None:
        for file in ("cldr", "github", "emojibase", "iamcal", "joypixels"):
            path = package / "en" / "shortcodes" / f"{file}.json"
            for code, names in (_json(path) if path.exists() else {}).items():
                for name in [names] if isinstance(names, str) else names:
                    self.name(name, _key(code))
        for code, name in _json(package / "meta" / "unicode-names.json").items():
            self.name(name, _key(code))

    def name(self, name: str, code: str) -> None:
        """Learn that `name` means the emoji with these code points, unless the name is taken."""
        if _key(code) in self._by_code:
            self._code_by_name.setdefault(squash(name), _key(code))

    def labels(self) -> Iterator[str]:
        """Every label, each once, in Emojibase's order."""
        yield from dict.fromkeys(e.label for e in self._by_code.values())

    def phrases(self) -> Iterator[str]:
        """Labels and tags, each as often as it is used: a vocabulary with its frequencies."""
        for emoji in self._by_code.values():
            yield emoji.label
            yield from emoji.tags

    def find_label(self, name: str) -> Emoji | None:
        """The emoji whose label consists of the words of `name`, in any order; nicknames do not count."""
        code = self._code_by_words.get(_sorted_words(name))
        return self._by_code[code] if code else None

    def find(self, name: str, hexcode: str = "") -> Emoji | None:
        """The emoji with these code points, or else called so by any vendor; None where there is none."""
        if hexcode and (found := self._by_code.get(_key(hexcode))):
            return found
        for candidate in _candidates(name) if name else ():
            if code := self._code_by_name.get(squash(candidate)):
                return self._by_code[code]
        return None


class Italian:
    """English names of what Italian names mean, by Emojibase's two languages."""

    def __init__(self, emojibase: Path) -> None:
        folder = emojibase / "package"
        english: dict[str, str] = {e["hexcode"]: e["label"] for e in _json(folder / "en" / "data.json")}
        entries = _json(folder / "it" / "data.json")
        self._english = {squash(e["label"]): english[e["hexcode"]] for e in entries if e["hexcode"] in english}

    def translate(self, name: str) -> str:
        """The English name of `name`, or `name` itself where it is not known."""
        return self._english.get(squash(name), name)


def squash(name: str) -> str:
    """Letters and digits only, without accents: "Piñata" and "pinata" are the same, as "a-b" and "ab"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "", plain.lower().replace("&", " and "))


def _sorted_words(name: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall(r"[a-z0-9']+", name.lower())))


def code_points(text: str) -> str:
    """A string's code points as Emojibase writes them, without variation selectors: "1f3f4-200d-2620"."""
    return _key("-".join(f"{ord(c):04x}" for c in text))


def _key(hexcode: str) -> str:
    parts = hexcode.lower().split("-")
    return "-".join(p.lstrip("0") for p in parts if p not in {"fe0f", "fe0e"})


def _candidates(name: str) -> Iterator[str]:
    yield name
    for prefix in ("flag-for-flag-", "flag-for-"):
        if name.startswith(prefix):
            yield "flag-" + name.removeprefix(prefix)
            yield name.removeprefix(prefix)
    if name.endswith("flag"):
        yield f"flag {name.removesuffix('flag')}"
    if tone := _TONE_SUFFIX.search(name):
        yield f"{name[: tone.start()]}-{TONES[min(int(tone[1]), 5) - 1]}"
    # Streamline numbers its drawings of one emoji; Fluent leaves "face" and "button" kinds in.
    yield re.sub(r"-\d+$", "", name)


def _label(label: str) -> str:
    return label.lower().replace("“", "").replace("”", "").replace("’", "'").replace("⊛ ", "")


def _tones(skin: dict[str, Any]) -> tuple[str, ...]:
    tone = skin.get("tone", ())
    return tuple(TONES[t - 1] for t in ([tone] if isinstance(tone, int) else tone))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
