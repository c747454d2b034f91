"""Names and keywords made fit for prompts: lower case, spaces, no file-name debris."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from .emoji import Emoji

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_COLOURS = frozenset(
    ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey", "gray")
)
# fmt: off
_EMPTY_KEYWORDS = frozenset((
    "emoji", "emoticon", "icon", "icons", "symbol", "symbols", "sign", "signs", "square", "button", "hash",
    "theme", "clip", "art", "clipart", "image", "object", "objects", "action", "actions", "svg", "unicode",
    "misc", "other", "various", "contour", "shape", "geometry", "yes", "no", "not", "the", "and", "of", "a",
    "an", "lol", "omg", "omw", "brb", "wtf", "cost", "etc", "thing", "things", "cute", "awesome", "special",
    "unsorted", "mapsym", "musicstuff", "vectorgfx", "words", "squared", "left", "right", "bro", "san",
    "weathersym",
))
# fmt: on
_JOINED = re.compile(r"^(.+?): (.+)$")


def plain(text: str) -> str:
    """Lower case ASCII words between single spaces; apostrophes, commas, colons and inner hyphens stay."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"[^A-Za-z0-9',:.&+ -]+", " ", text.replace("_", " "))
    return " ".join(text.lower().split()).strip(" -.,:")


def from_slug(slug: str) -> str:
    """A name out of a slug: "two_hearts-3" and "twoHearts" become "two hearts"."""
    words = plain(_CAMEL.sub(" ", slug).replace("-", " ")).split()
    while len(words) > 1 and (re.fullmatch(r"[0-9]+|[a-z]", words[-1]) or words[-1] in {"icon", "bw"}):
        words.pop()
    return " ".join(re.sub(r"(?<=[a-z]{3})[0-9]+$", "", w) for w in words)


def readable(label: str) -> str:
    """An emoji's label as one would say it: "flag: Chad" is "flag of chad", "man: bald" is "bald man"."""
    label = plain(label.replace("⊛", ""))
    joined = _JOINED.match(label)
    if joined is None:
        return label
    head, tail = joined.groups()
    if head in {"flag", "family", "kiss", "couple with heart"}:
        return f"{head} of {_listed(tail)}"
    if head == "keycap":
        return f"keycap {tail}"
    if tail.startswith("facing "):
        return f"{head} {tail}"
    return f"bald {head}" if tail == "bald" else f"{head} with {tail}"


def _listed(tail: str) -> str:
    parts = tail.split(", ")
    return tail if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def keywords(emoji: Emoji, name: str, most: int = 6) -> tuple[str, ...]:
    """The emoji's tags that may describe any vendor's drawing, those given by two authorities first.

    Left out: words of the name, colours (they belong to one vendor's drawing), slang, words that say nothing.
    """
    counts = Counter(plain(tag) for tag in emoji.tags)
    ordered = sorted(counts, key=lambda tag: -counts[tag])
    return choose(ordered, name, most=most)


def choose(candidates: Iterable[str], name: str, most: int = 6) -> tuple[str, ...]:
    """The candidates that add to `name`, cleaned, each once, at most `most`."""
    taken = set(name.split())
    chosen: list[str] = []
    for candidate in candidates:
        words = plain(candidate.replace("_", " "))
        parts = re.split("[ -]", words)
        fits = 2 < len(words) <= 24 and 0 < len(parts) <= 3 and re.fullmatch(r"[a-z][a-z' -]*", words)
        dull = any(p in _EMPTY_KEYWORDS or p in _COLOURS for p in parts)
        if fits and not dull and not set(parts) <= taken and words not in chosen:
            chosen.append(words)
    return tuple(chosen[:most])


class Segmenter:
    """Puts the spaces back into "leftthoughtbubble", by the likeliest words (Viterbi, unigram model)."""

    def __init__(self, phrases: Iterable[str]) -> None:
        counts = Counter(word for phrase in phrases for word in re.findall(r"[a-z]+|[0-9]+", phrase.lower()))
        total = sum(counts.values())
        # One-letter words and rare two-letter ones would cut everything to pieces.
        self._cost = {word: math.log(total / count) for word, count in counts.items() if len(word) > 2 or count > 20}

    def split(self, text: str) -> str:
        """`text` (letters and digits) as words between spaces; unknown stretches stay whole."""
        return " ".join(part for run in re.findall(r"[a-z]+|[0-9]+", text.lower()) for part in self._best(run))

    def _best(self, run: str) -> Sequence[str]:
        best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())]
        for end in range(1, len(run) + 1):
            options = []
            for start in range(max(0, end - 20), end):
                cost = self._cost.get(run[start:end], 25.0 + 5.0 * (end - start))
                options.append((best[start][0] + cost, (*best[start][1], run[start:end])))
            best.append(min(options))
        return best[-1][1]
