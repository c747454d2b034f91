"""Bring together, for each picture, what its package says, what was measured of it, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import rules
from .describe import Describer, Description, Lexicon
from .draw import draw
from .readers import Item, read
from .render import has_text
from .sources import Source
from .units import Drawn, read_unit

GREY = 0.02  # less than this share of coloured area is a picture without colour
SHADES = 5  # a grey picture with as many tones is shaded art, and no line drawing
EMPTY = 0.004  # less than this mean alpha is a picture of nothing


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One picture on its way into the data set. `fault` says why it is left out, or is empty."""

    source: Source
    item: Item
    drawn: Drawn
    words: Description
    unit: Path
    fault: str

    @property
    def weight(self) -> float:
        """How often to draw it, relative to the others."""
        grey = rules.GREY if is_grey(self.drawn) and not self.source.tintable else 1.0
        return round(self.source.weight * self.words.weight * grey, 4)


def gather(
    source: Source,
    items: Sequence[Item],
    lexicon: Lexicon,
    units: Path,
    *,
    workers: int,
    progress: Callable[[int], None],
) -> list[Entry]:
    """Draw and describe the items of one source, in order."""
    paths = draw(items, units, size=256, crop=source.crop, workers=workers, progress=progress)
    describer = Describer(source, items, lexicon)
    drawn = [(d, path) for path in paths for d in read_unit(path)]
    entries = []
    for item, (picture, path) in zip(items, drawn, strict=True):
        words = describer.describe(item)
        fault = picture.fault or words.fault or look(source, item, picture)
        entries.append(Entry(source=source, item=item, drawn=picture, words=words, unit=path, fault=fault))
    return entries


def look(source: Source, item: Item, drawn: Drawn) -> str:
    """Why the picture itself is left out; empty where it is fine."""
    if drawn.measures.coverage < EMPTY:
        return "empty"
    if has_text(item.data):
        return "contains words, which would be missing"
    if is_grey(drawn) and not source.grey and drawn.measures.palette < SHADES:
        return "black and white only"
    return ""


def is_grey(drawn: Drawn) -> bool:
    """Whether the picture has (next to) no colour."""
    return drawn.measures.colour < GREY


def take(source: Source, folder: Path, limit: int | None) -> list[Item]:
    """The source's items, or `limit` of them spread evenly over the whole."""
    items = list(read(source, folder))
    if limit is None or limit >= len(items):
        return items
    return [items[i * len(items) // limit] for i in range(limit)]
