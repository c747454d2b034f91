"""What a caption says of a concept, word for word."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_WORD = re.compile(r"[^\W_]+")
SMALL = frozenset(_WORD.findall("a an the of in on at with and to for by from is"))
MEDIA = frozenset(_WORD.findall("picture drawing illustration sticker image cartoon emoji icon art clip style"))


def content(text: str, styles: Collection[str] = ()) -> list[str]:
    """The words that name things, in order: no articles, no kind of picture, no style that is named whole."""
    lowered = text.lower()
    for style in sorted(styles, key=len, reverse=True):
        lowered = re.sub(rf"\b{re.escape(style.lower())}\b", " ", lowered)
    return [word for word in _WORD.findall(lowered) if word not in SMALL | MEDIA]


def names_it(caption: Sequence[str], names: Sequence[Sequence[str]]) -> bool:
    """Whether every word of one of the names is in the caption."""
    said = set(caption)
    return any(set(name) <= said for name in names if name)


def f1(caption: Sequence[str], name: Sequence[str]) -> float:
    """Harmonic mean of the shares of the caption's words in the name and of the name's in the caption, as sets."""
    said, true = set(caption), set(name)
    both = len(said & true)
    return 2 * both / (len(said) + len(true)) if both else 0.0


def plain(text: str) -> str:
    """For comparing: lower case, single spaces, no punctuation."""
    return " ".join(_WORD.findall(text.lower()))
