"""Shards as a training stream: sample j of a run is a pure function of (shards, seed, batch size, j).

Samples are dealt into lanes, `batch / lanes` at a time, so that a rank that asks for its share of every batch reads
its own lanes and nobody else's, and each lane is an endless sequence of epochs over its share of the shards. So the
position of a run is one number, and no rank or worker has a state of its own.

Any j may be asked for, but reading goes forwards: batches in order cost nothing extra. A jump (resuming, a second
process that makes every other batch) begins at the last mark (see `marks`) and decodes up to a window for each lane.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.errors import InputError

from ..scenes.sample import StreamConfig
from ..stream import Batch, concept_id
from .lane import Lane, LanePlan, Ready
from .marks import Marks
from .places import Shard
from .settings import ShardsConfig
from .tally import Tally

MAX_SIZE = 1024
_FORMAT = 1  # of the marks; to be raised when the order of samples changes
TRAIN = "train"
Run = tuple[int, int, int, int]


class ShardStream:
    """Samples 0, 1, 2, … as `TrainingStream` gives them, from WebDataset shards.

    `batch` is the size of the global batches that will be asked for. `split` "train" leaves out the share
    `config.shards.held_out` of the samples, any other name gives just those. `marks`: a folder for the cache that
    makes resuming quick. What cannot be used is counted and named in `tally`, and skipped.
    Raises InputError for a size out of 8..1024, and while reading when no sample at all can be used.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        config: StreamConfig,
        *,
        seed: int,
        batch: int,
        split: str = TRAIN,
        marks: Path | None = None,
    ) -> None:
        if not 8 <= config.size <= MAX_SIZE:
            raise InputError(
                f"Samples of {config.size} pixels cannot be made of shards; choose a size from 8 to {MAX_SIZE}."
            )
        self.config, self.seed, self.split, self.shards = config, seed, split, tuple(shards)
        self.tally = Tally()
        self._lane_count = lanes_for(batch, len(self.shards), config.shards)
        self._block = batch // self._lane_count
        self._folder = marks
        self._owner = -1

    def batch(self, first: int, count: int) -> Batch:
        """Samples first … first + count - 1; `records` are numbers of the samples' names (see `concept_id`)."""
        self._settle()
        by_lane: dict[int, list[Run]] = {}
        for run in self._runs(first, count):
            by_lane.setdefault(run[0], []).append(run)
        parts = self._pool.map(self._taken, by_lane.values())
        ready = sorted((pair for part in parts for pair in part), key=lambda pair: pair[0])
        return _batch([one for _, one in ready], self.config.size)

    def once(self) -> Iterator[Batch]:
        """Every usable sample of the first epoch, once, in batches of at most the training's size.

        A training does not stop between epochs: a lane that has read its share of one begins the next.
        """
        self._settle()
        lanes, position = [self._lane(number, None) for number in range(self._lane_count)], 0
        while lanes:
            parts = list(self._pool.map(Lane.take, lanes, repeat(position), repeat(self._block)))
            ready = [one for part in parts for one in part if one.epoch == 0]
            if ready:
                yield _batch(ready, self.config.size)
            lanes = [lane for lane, part in zip(lanes, parts, strict=True) if part[-1].epoch == 0]
            position += self._block

    def _taken(self, runs: Sequence[Run]) -> list[tuple[int, Ready]]:
        """Numbered samples of one lane, read by one thread in order."""
        return [
            (j + n, one)
            for lane, position, j, count in runs
            for n, one in enumerate(self._lanes[lane].take(position, count))
        ]

    def _runs(self, first: int, count: int) -> Iterator[Run]:
        """(lane, position in it, number, count) of successive samples that come from one lane."""
        j, end = first, first + count
        while j < end:
            block, within = divmod(j, self._block)
            taken = min(self._block - within, end - j)
            yield block % self._lane_count, block // self._lane_count * self._block + within, j, taken
            j += taken

    def _settle(self) -> None:
        """Threads and open files of this process: those of a parent that forked are not ours to use."""
        if self._owner == os.getpid():
            return
        self._owner = os.getpid()
        self._pool = ThreadPoolExecutor(self.config.shards.workers, thread_name_prefix="shards")
        self._lanes = [self._lane(lane, self._folder) for lane in range(self._lane_count)]

    def _lane(self, lane: int, marks: Path | None) -> Lane:
        plan = LanePlan(
            shards=self.shards,
            seed=self.seed,
            lane=lane,
            lanes=self._lane_count,
            size=self.config.size,
            config=self.config.shards,
            wanted=self._wanted,
        )
        path = None if marks is None else marks / self.fingerprint / f"lane-{lane:03d}.jsonl"
        return Lane(plan, Marks(path), self.tally)

    def _wanted(self, key: str) -> bool:
        held = concept_id(key) / 2**63 < self.config.shards.held_out
        return held != (self.split == TRAIN)

    @property
    def fingerprint(self) -> str:
        """A name for all that the order and the goodness of samples hang on."""
        settings = asdict(self.config.shards) | {"workers": None}
        facts = [_FORMAT, self.seed, self.split, self.config.size, self._lane_count, settings]
        shards = [(shard.url, shard.size) for shard in self.shards]
        return hashlib.sha256(json.dumps([facts, shards]).encode()).hexdigest()[:24]

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if name not in {"_pool", "_lanes", "tally"}}
        return kept | {"_owner": -1}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.tally = Tally()


def lanes_for(batch: int, shards: int, config: ShardsConfig) -> int:
    """The most lanes that divide the batch, up to the configured number and the number of shards."""
    most = min(config.lanes, shards, batch)
    return next(lanes for lanes in range(most, 0, -1) if batch % lanes == 0)


def _batch(ready: Sequence[Ready], size: int) -> Batch:
    pictures = [one.picture for one in ready]
    return Batch(
        pictures=np.stack(pictures) if pictures else np.zeros((0, size, size, 4), np.uint8),
        captions=[one.caption for one in ready],
        concepts=np.array([concept_id(one.caption.lower()) for one in ready], np.int64),
        records=np.array([concept_id(one.name) for one in ready], np.int64),
    )
