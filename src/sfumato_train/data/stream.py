"""The training stream: sample j of a run is a pure function of (seed, j).

There is no state to save: resuming at step n, or splitting a batch between ranks, is asking for other
numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError

from .scenes.catalogue import Catalogue, catalogue_of
from .scenes.compose import compose
from .scenes.sample import Sample, SceneObject, StreamConfig
from .scenes.studio import Studio
from .store import PictureStore

__all__ = ["Batch", "Sample", "SceneObject", "Stream", "StreamConfig", "TrainingStream", "concept_id", "make_sample"]

_PAIR_STREAM = 1 << 63


@dataclass(frozen=True, kw_only=True)
class Batch:
    """B samples: `pictures` uint8 [B,size,size,4] premultiplied, captions, `concepts` int64 [B] (equal where
    two samples show the same, see `concept_id`), `records` int64 [B] (index of the main record)."""

    pictures: NDArray[np.uint8]
    captions: list[str]
    concepts: NDArray[np.int64]
    records: NDArray[np.int64]


class Stream(Protocol):
    """What tasks learn from: samples of composed scenes (`TrainingStream`) or of shards (`ShardStream`)."""

    def batch(self, first: int, count: int) -> Batch:
        """Samples first .. first+count-1 of the run, the same whenever they are asked for."""


def concept_id(concept: str) -> int:
    """A concept as a number in 0..2^63-1, the same in every run and data set (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(concept.encode(), digest_size=8).digest(), "big") >> 1


def make_sample(
    store: PictureStore,
    rng: np.random.Generator,
    config: StreamConfig,
    record: int | None = None,
    *,
    split: str = "train",
) -> Sample:
    """Draw one sample of a split: a single picture or a scene.

    With `record` the sample shows that record alone. `split` is "train", "heldout_concept", "heldout_pair",
    "heldout_style" or "heldout_scene" (compositions never shown in training). Raises InputError for an
    unknown or empty split and for a size above 256.
    """
    _check(config)
    return _draw(catalogue_of(store, split), rng, config, record)


def _draw(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig, record: int | None) -> Sample:
    return compose(Studio(catalogue=catalogue, rng=rng, config=config), record)


def _check(config: StreamConfig) -> None:
    if not 8 <= config.size <= 256:
        raise InputError(f"Samples of {config.size} pixels cannot be made; choose a size from 8 to 256.")


class TrainingStream:
    """Samples 0, 1, 2, ... of a run. Raises InputError as `make_sample` does."""

    def __init__(self, store: PictureStore, config: StreamConfig, *, seed: int, split: str = "train") -> None:
        _check(config)
        self.config = config
        self.seed = seed
        self._catalogue = catalogue_of(store, split)

    def sample(self, j: int) -> Sample:
        """Sample `j`, drawn from Philox keyed by (seed, j) (Salmon et al. 2011)."""
        rng = _generator(self.seed, j)
        return _draw(self._catalogue, rng, self.config, self._paired_record(j, rng))

    def batch(self, first: int, count: int) -> Batch:
        """Samples first .. first+count-1."""
        samples = [self.sample(j) for j in range(first, first + count)]
        size = self.config.size
        return Batch(
            pictures=np.stack([s.picture for s in samples])
            if samples
            else np.zeros((0, size, size, 4), dtype=np.uint8),
            captions=[s.caption for s in samples],
            concepts=np.array([concept_id(s.concept) for s in samples], dtype=np.int64),
            records=np.array([s.record for s in samples], dtype=np.int64),
        )

    def _paired_record(self, j: int, rng: np.random.Generator) -> int | None:
        """The record of a sample that belongs to a pair of one concept; None where it is free.

        Both neighbours draw the pair's fate from the pair's own generator, so neither needs the other.
        """
        pair = _generator(self.seed, _PAIR_STREAM + j // 2)
        if pair.random() >= self.config.concept_pairs:
            return None
        record = self._catalogue.draw(pair)
        return record if j % 2 == 0 else self._catalogue.sibling(rng, record)


def _generator(seed: int, j: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, j], dtype=np.uint64)))
