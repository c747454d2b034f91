"""What every scene draws with: the catalogue, the sample's own random numbers, the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..aliases import ALIASES
from ..captions import spoken_name
from .catalogue import Catalogue
from .sample import Box, SceneObject, StreamConfig
from .sprite import Sprite

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An object chosen for a scene: its record, words, art, and colour if the caption names one."""

    record: int
    words: str
    sprite: Sprite
    colour: str | None = None

    def seen(self, box: Box, role: str) -> SceneObject:
        """The actor as an object of the finished scene."""
        return SceneObject(record=self.record, name=self.words, box=box, colour=self.colour, role=role)


@dataclass(frozen=True, kw_only=True)
class Studio:
    """The means of one sample. `rng` is used by nothing else, so the sample depends on its seed alone."""

    catalogue: Catalogue
    rng: np.random.Generator
    config: StreamConfig

    @property
    def size(self) -> int:
        """Side of the picture in pixels."""
        return self.config.size

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def pick(self, choices: Sequence[T]) -> T:
        """One of several, all alike likely."""
        return choices[int(self.rng.integers(len(choices)))]

    def cast(self, record: int, extent: float, *, words: str | None = None, flip: bool | None = None) -> Actor:
        """A record as an actor to be drawn about `extent` (0..1 of the picture) large.

        It is mirrored by chance, or as `flip` says, but never where the record forbids it.
        """
        info = self.catalogue.records[record]
        sprite = self.catalogue.sprite(record, extent * self.size)
        mirrored = self.chance(0.5) if flip is None else flip
        if info.flip and mirrored:
            sprite = sprite.flipped()
        return Actor(record=record, words=words or self.word(record), sprite=sprite)

    def word(self, record: int) -> str:
        """The record's name, or another word for the same thing now and then."""
        info = self.catalogue.records[record]
        others = ALIASES.get(info.concept, ())
        return self.pick(others) if others and self.chance(0.5) else spoken_name(info)
