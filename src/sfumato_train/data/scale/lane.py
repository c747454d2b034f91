"""One of several sequences that the samples are dealt into; each reads its own shards and is read by one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError

from .decode import decode, squared
from .marks import Faults, Mark, Marks
from .order import order_of_window, shards_of_lane
from .places import Shard
from .sample import BROKEN_SHARD, Unusable, parse
from .settings import ShardsConfig
from .tally import Tally
from .tar import BrokenShard, RawSample, read_shard

_LOST = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Ready:
    """A sample to learn from: `picture` uint8 [size,size,4] premultiplied, `name` "shard/key", and of which epoch."""

    name: str
    epoch: int
    caption: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class LanePlan:
    """What a lane's samples depend on, and nothing else does. `wanted` says of a key whether it is of this split."""

    shards: Sequence[Shard]
    seed: int
    lane: int
    lanes: int
    size: int
    config: ShardsConfig
    wanted: Callable[[str], bool]


class Lane:
    """Good samples 0, 1, 2, … of a lane, over endless epochs. Going forwards is free; other places are sought."""

    def __init__(self, plan: LanePlan, marks: Marks, tally: Tally) -> None:
        self._plan, self._marks, self._tally = plan, marks, tally
        self._lock = threading.Lock()
        self._next = 0
        self._faults: Faults = []
        self._samples = self._good(Mark())

    def take(self, first: int, count: int) -> list[Ready]:
        """Samples first … first + count - 1. Raises InputError where the shards hold no usable sample."""
        with self._lock:
            self._seek(first)
            self._next = _LOST  # until all are read: what raises in between cannot be gone on with
            taken = [next(self._samples) for _ in range(count)]
            self._next = first + count
            return taken

    def _seek(self, position: int) -> None:
        mark = self._marks.before(position)
        if not mark.good <= self._next <= position:
            self._samples, self._next = self._good(mark), mark.good
            self._faults = []
        skipped, self._next = position - self._next, _LOST
        for _ in range(skipped):
            next(self._samples)

    def _good(self, mark: Mark) -> Iterator[Ready]:
        """Good samples from a mark on."""
        good, barren, anything = mark.good, 0, False
        for window, after in self._windows(mark):
            for index in order_of_window(self._plan.seed, lane=self._plan.lane, window=mark.window, count=len(window)):
                ready = self._ready(window[index], mark.epoch)
                if ready is not None:
                    good, anything = good + 1, True
                    yield ready
            if after.epoch > mark.epoch:
                barren = 0 if anything else barren + 1
                anything = False
            mark = replace(after, good=good)
            self._finish(mark)
            if barren > self._plan.lanes:
                self._check()
                barren = 0

    def _check(self) -> None:
        """Whether any shard has anything for this lane, which may have met none of those that do; InputError if not."""
        for shard in self._plan.shards:
            for raw in self._read(shard, 0):
                if self._plan.wanted(raw.key) and self._ready(raw, 0) is not None:
                    self._faults = []
                    return
        raise InputError(f"No sample in these shards can be used: {'; '.join(self._tally.lines()) or 'empty'}.")

    def _finish(self, mark: Mark) -> None:
        """A window is done."""
        for fault in self._faults:
            self._tally.add(*fault)
        self._marks.add(mark, self._faults)
        self._faults = []

    def _windows(self, mark: Mark) -> Iterator[tuple[list[RawSample], Mark]]:
        """Samples of this split among up to `window` successive ones of an epoch, with the mark after them."""
        window, read, number = list[RawSample](), 0, mark.window
        for raw, after in self._raw(mark):
            if raw is not None:
                read += 1
                window += [raw] if self._plan.wanted(raw.key) else []
            if raw is None or read == self._plan.config.window:
                number += 1
                yield window, replace(after, window=number)
                window, read = [], 0

    def _raw(self, mark: Mark) -> Iterator[tuple[RawSample | None, Mark]]:
        """Every sample with the place after it; None where an epoch ends."""
        epoch, first, offset = mark.epoch, mark.shard, mark.offset
        while True:
            shards = self._shards(epoch)
            for number in range(first, len(shards)):
                for raw in self._read(shards[number], offset):
                    yield raw, Mark(epoch=epoch, shard=number, offset=raw.end)
                offset = 0
            epoch, first = epoch + 1, 0
            yield None, Mark(epoch=epoch)

    def _shards(self, epoch: int) -> list[Shard]:
        plan = self._plan
        chosen = shards_of_lane(
            plan.seed,
            epoch=epoch,
            shards=len(plan.shards),
            lane=plan.lane,
            lanes=plan.lanes,
            resample=plan.config.resample,
        )
        return [plan.shards[i] for i in chosen]

    def _read(self, shard: Shard, offset: int) -> Iterator[RawSample]:
        try:
            yield from read_shard(shard, offset)
        except BrokenShard as error:
            self._faults.append((BROKEN_SHARD, str(error)))

    def _ready(self, raw: RawSample, epoch: int) -> Ready | None:
        try:
            sample = parse(raw)
            pixels = decode(sample.picture, side=self._plan.size).pixels
        except Unusable as reason:
            self._faults.append((str(reason), raw.name))
            return None
        picture = squared(pixels, self._plan.size, self._plan.config.fit)
        return Ready(name=raw.name, epoch=epoch, caption=sample.caption, picture=picture)
