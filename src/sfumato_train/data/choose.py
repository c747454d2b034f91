"""Decide over all gathered pictures at once: repeats, splits, and which are drawn large."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np

from .dedupe import duplicates
from .gather import Entry, is_grey
from .sources import Source
from .split import Splitter


def drop_repeats(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with a fault set on each one that repeats an earlier one without fault."""
    good = [i for i, e in enumerate(entries) if not e.fault]
    if not good:
        return list(entries)
    small = np.stack([entries[i].drawn.small for i in good])
    hashes = np.array([entries[i].drawn.phash for i in good], dtype=np.uint64)
    result = list(entries)
    for later, (earlier, kind) in duplicates(small, hashes).items():
        twin = entries[good[earlier]]
        where = "in its own source" if twin.source == entries[good[later]].source else f"of {twin.source.name}"
        result[good[later]] = dataclasses.replace(entries[good[later]], fault=f"{kind} duplicate {where}")
    return result


def splits(entries: Sequence[Entry], labels: Iterable[str]) -> list[str]:
    """The split of every entry; evaluation-only styles follow their concept, being no pair of training."""
    pairs = [(e.words.concept, e.source.style) for e in entries]
    splitter = Splitter(labels)
    trained = [i for i, e in enumerate(entries) if e.source.train]
    found = dict(zip(trained, splitter.split([pairs[i] for i in trained]), strict=True))
    return [found.get(i) or splitter.concept_split(pairs[i][0]) for i in range(len(entries))]


def large(entries: Sequence[Entry], share: float = 1.0) -> list[int]:
    """Indices of the pictures worth drawing at 1024x1024: of each source the most detailed and colourful.

    `share` scales every source's number down, for small builds.
    """
    chosen: list[int] = []
    for source in dict.fromkeys(e.source for e in entries):
        mine = [i for i, e in enumerate(entries) if e.source == source and _worth(e)]
        count = math.ceil(source.large * share)
        chosen += sorted(sorted(mine, key=lambda i: -_richness(entries[i]))[:count])
    return chosen


def _worth(entry: Entry) -> bool:
    return (
        not entry.words.attributes
        and entry.item.data[:4] != b"RIFF"
        and not is_grey(entry.drawn)
        and entry.words.weight > 0.3
    )


def _richness(entry: Entry) -> float:
    m = entry.drawn.measures
    return (1 + m.detail) * (0.5 + m.colour) * math.sqrt(1 + min(m.palette, 24))


def by_source(entries: Sequence[Entry], indices: Iterable[int]) -> dict[Source, list[int]]:
    """The indices grouped by source, in order."""
    groups: dict[Source, list[int]] = {}
    for i in indices:
        groups.setdefault(entries[i].source, []).append(i)
    return groups
