"""Opens shards as training and held-out streams."""

from __future__ import annotations

from collections.abc import Sequence

from sfumato.engine.cache import cache_home
from sfumato.errors import InputError

from ..scenes.sample import StreamConfig
from ..stream import Batch
from .places import Shard
from .stream import TRAIN, ShardStream


class Remembered:
    """A stream whose few batches are asked for again and again: each is read once, and kept."""

    def __init__(self, stream: ShardStream) -> None:
        self.stream = stream
        self._batches: dict[tuple[int, int], Batch] = {}

    def batch(self, first: int, count: int) -> Batch:
        """Samples first … first + count - 1."""
        if (first, count) not in self._batches:
            self._batches[first, count] = self.stream.batch(first, count)
        return self._batches[first, count]


def training_stream(shards: Sequence[Shard], config: StreamConfig, *, seed: int, batch: int) -> ShardStream:
    """What to learn from; marks are kept in the user's cache folder."""
    return ShardStream(shards, config, seed=seed, batch=batch, marks=cache_home() / "shards")


def held_out_stream(shards: Sequence[Shard], config: StreamConfig) -> Remembered:
    """Samples never trained on, for sheets; training ones where there are so few that none is held out."""
    apart = Remembered(ShardStream(shards, config, seed=1, batch=1, split="held out"))
    try:
        apart.batch(0, 1)
    except InputError:
        return Remembered(ShardStream(shards, config, seed=1, batch=1, split=TRAIN))
    return apart
