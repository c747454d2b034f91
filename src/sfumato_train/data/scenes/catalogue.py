"""Which records may be drawn for a split, how often, and which of them can play which part in a scene."""

from __future__ import annotations

import weakref
from collections import defaultdict
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError

from ..store import PictureStore, Record
from .anatomy import Head
from .anatomy import head as measure_head
from .colour import dominant_hue, without_colour
from .sprite import Sprite, crop

SPLITS = ("train", "heldout_concept", "heldout_pair", "heldout_style", "heldout_scene")
_UNSHIFTABLE = frozenset({"flags", "smileys & emotion", "people & body", "people", "smileys"})


def in_split(record: Record, split: str) -> bool:
    """Whether a picture belongs to a split.

    The styles kept out of training form "heldout_style"; "heldout_scene" has the pictures of training, in
    compositions that training never shows.
    """
    if split == "heldout_style":
        return not record.train
    if split == "heldout_scene":
        split = "train"
    return record.train and record.split == split


class Catalogue:
    """The records of one split, with what scenes need to know of them.

    Everything here is a pure function of the store: it holds caches, no state. Raises InputError for an
    unknown split and for one without pictures.
    """

    def __init__(self, store: PictureStore, split: str) -> None:
        if split not in SPLITS:
            raise InputError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
        self.store = store
        self.split = split
        self.records = store.records
        self.indices: NDArray[np.int64] = np.array(
            [i for i, r in enumerate(store.records) if r.weight > 0 and in_split(r, split)], dtype=np.int64
        )
        if not len(self.indices):
            raise InputError(f"The data set at {store.root} has no pictures in the split {split!r}.")
        self._cumulative = _cumulative(self.records, self.indices)
        self._hues: dict[int, tuple[float, float]] = {}
        self._heads: dict[int, Head] = {}
        self._pools: dict[tuple[str, ...], Pool] = {}

    def draw(self, rng: np.random.Generator) -> int:
        """A record by weight."""
        return int(self.indices[_pick(rng, self._cumulative)])

    @cached_property
    def by_concept(self) -> dict[str, list[int]]:
        """Records of each concept, ascending."""
        table: dict[str, list[int]] = defaultdict(list)
        for i in self.indices.tolist():
            table[self.records[i].concept].append(i)
        return dict(table)

    def sibling(self, rng: np.random.Generator, record: int) -> int:
        """Another record of the same concept, by weight; the record itself where it is the only one."""
        others = [i for i in self.by_concept.get(self.records[record].concept, []) if i != record]
        return self.weighted(rng, others) if others else record

    def weighted(self, rng: np.random.Generator, choices: list[int]) -> int:
        """One of several records, by weight."""
        weights = np.cumsum([self.records[i].weight for i in choices])
        return choices[_pick(rng, weights)]

    @cached_property
    def objects(self) -> Pool:
        """Records that scenes may use freely: countable things, not flags, signs or skin-tone variants."""
        members = self.indices.tolist()
        return Pool(
            self,
            [i for i in members if self.records[i].concept in self._things and _is_object(self.records[i])],
        )

    @cached_property
    def _things(self) -> frozenset[str]:
        """Concepts that many styles draw: things, where single icon sets also draw deeds ("approve")."""
        styles: dict[str, set[str]] = defaultdict(set)
        for record in self.records:
            styles[record.concept].add(record.style)
        needed = min(3, (len({record.style for record in self.records}) + 1) // 2)
        return frozenset(concept for concept, found in styles.items() if len(found) >= needed)

    @cached_property
    def tintable(self) -> Pool:
        """Silhouettes that take a colour."""
        return Pool(self, [i for i in self.indices.tolist() if self.records[i].tintable])

    @cached_property
    def shiftable(self) -> Pool:
        """Objects whose category allows another colour; whether their art has one hue is seen on drawing."""
        return Pool(
            self,
            [
                i
                for i in self.objects.members
                if self.records[i].category not in _UNSHIFTABLE and without_colour(self.records[i].name)
            ],
        )

    def hue(self, record: int) -> tuple[float, float]:
        """Dominant hue in degrees of a record, and its share of the visible area."""
        if record not in self._hues:
            self._hues[record] = dominant_hue(self.store.small(record))
        return self._hues[record]

    def head(self, record: int) -> Head:
        """Where a record's crown and eyes are."""
        if record not in self._heads:
            self._heads[record] = measure_head(crop(self.store.small(record)).pixels)
        return self._heads[record]

    def pool(self, concepts: tuple[str, ...]) -> Pool:
        """The plain pictures (no skin-tone variants, no silhouettes) of some concepts."""
        if concepts not in self._pools:
            members = [i for c in concepts for i in self.by_concept.get(c, []) if _is_plain(self.records[i])]
            self._pools[concepts] = Pool(self, sorted(members))
        return self._pools[concepts]

    def sprite(self, record: int, pixels: float) -> Sprite:
        """A record's content, from the smallest stored version that serves `pixels` a side."""
        small = crop(self.store.small(record))
        if max(small.width, small.height) * 1.1 >= pixels:
            return small
        return crop(self.store.picture(record))


class Pool:
    """Records to draw from by weight, and by weight within a style."""

    def __init__(self, catalogue: Catalogue, members: list[int]) -> None:
        self.catalogue = catalogue
        self.members = members
        self._array = np.array(members, dtype=np.int64)
        self._cumulative = _cumulative(catalogue.records, self._array)

    def __bool__(self) -> bool:
        return bool(self.members)

    @cached_property
    def by_style(self) -> dict[str, Pool]:
        """The pool divided by style."""
        table: dict[str, list[int]] = defaultdict(list)
        for i in self.members:
            table[self.catalogue.records[i].style].append(i)
        return {style: Pool(self.catalogue, members) for style, members in table.items()}

    def draw(self, rng: np.random.Generator, style: str | None = None, *, least: int = 8) -> int:
        """A record by weight; of the style, where there are at least `least` of it."""
        pool = self.by_style.get(style, self) if style is not None else self
        pool = pool if len(pool.members) >= least else self
        return int(pool._array[_pick(rng, pool._cumulative)])


def _cumulative(records: list[Record], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.cumsum([records[i].weight for i in indices.tolist()], dtype=np.float64)


def _pick(rng: np.random.Generator, cumulative: NDArray[np.float64]) -> int:
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


# Styles that draw every object on a disc or a card of its own, which would come along into a scene.
_BADGES = frozenset({"round flat icon", "round flag", "rectangular flag"})
_OBJECT_CATEGORIES = frozenset({"animals & nature", "food & drink", "travel & places", "activities", "objects"})


def _is_plain(record: Record) -> bool:
    toned = any(attribute.endswith("skin tone") for attribute in record.attributes)
    return not record.tintable and not toned and record.weight >= 0.25 and record.style not in _BADGES


def _is_object(record: Record) -> bool:
    return (
        record.category in _OBJECT_CATEGORIES
        and _is_plain(record)
        and not record.name.endswith("thirty")
        and len(record.name.split()) <= 3
        and not any(c.isdigit() or c in ':(,“"' for c in record.name)
    )


_CATALOGUES: weakref.WeakKeyDictionary[PictureStore, dict[str, Catalogue]] = weakref.WeakKeyDictionary()


def catalogue_of(store: PictureStore, split: str) -> Catalogue:
    """The catalogue of a store's split, made once per store."""
    catalogues = _CATALOGUES.setdefault(store, {})
    if split not in catalogues:
        catalogues[split] = Catalogue(store, split)
    return catalogues[split]
