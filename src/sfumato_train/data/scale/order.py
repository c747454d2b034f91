"""The order of samples, as a pure function of the seed: nothing is drawn one after the other.

All is drawn from Philox (Salmon et al. 2011) keyed by the seed and by what is drawn, so that no draw depends on
another. An epoch's shards are permuted and dealt out to the lanes; within a lane, windows of samples are permuted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SHARDS, _WINDOWS = 1 << 62, 3 << 61


def shards_of_lane(
    seed: int, *, epoch: int, shards: int, lane: int, lanes: int, resample: bool = False
) -> NDArray[np.int64]:
    """Indices of the shards that a lane reads in an epoch, in order.

    Over all lanes every shard comes once; with `resample` they are drawn with replacement. The lanes that get one shard
    more than others change from epoch to epoch, so that none falls behind.
    """
    rng = _generator(seed, _SHARDS + epoch)
    order = rng.integers(0, shards, shards) if resample else rng.permutation(shards)
    return order[(lane + epoch) % lanes :: lanes].astype(np.int64)


def order_of_window(seed: int, *, lane: int, window: int, count: int) -> NDArray[np.int64]:
    """A permutation of the `count` samples of a lane's window."""
    return _generator(seed, _WINDOWS + (lane << 40) + window).permutation(count)


def _generator(seed: int, what: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, what], dtype=np.uint64)))
