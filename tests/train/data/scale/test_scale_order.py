"""Orders are permutations, functions of the seed, and fair to every lane."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data.scale.order import order_of_window, shards_of_lane


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 1000), shards=st.integers(1, 40), data=st.data())
def test_every_shard_comes_once_an_epoch(seed: int, epoch: int, shards: int, data: st.DataObject) -> None:
    lanes = data.draw(st.integers(1, shards))
    dealt = [shards_of_lane(seed, epoch=epoch, shards=shards, lane=n, lanes=lanes) for n in range(lanes)]
    assert sorted(np.concatenate(dealt).tolist()) == list(range(shards))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_orders_follow_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return shards_of_lane(seed, epoch=epoch, shards=50, lane=0, lanes=1).tolist()

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)


def test_no_lane_falls_behind() -> None:
    """Seven shards over three lanes: each gets the odd one as often as the others."""
    read = [sum(len(shards_of_lane(0, epoch=e, shards=7, lane=n, lanes=3)) for e in range(30)) for n in range(3)]
    assert read == [70, 70, 70]


def test_resampling_draws_with_replacement() -> None:
    drawn = np.concatenate(
        [shards_of_lane(3, epoch=0, shards=100, lane=n, lanes=4, resample=True) for n in range(4)]
    )
    assert len(drawn) == 100
    # Of a hundred draws about 1 - 1/e are distinct.
    assert 50 < len(set(drawn.tolist())) < 76


@given(count=st.integers(0, 60), lane=st.integers(0, 8), window=st.integers(0, 2**30))
def test_windows_are_permuted(count: int, lane: int, window: int) -> None:
    assert sorted(order_of_window(5, lane=lane, window=window, count=count).tolist()) == list(range(count))


@pytest.mark.parametrize("other", [{"lane": 1}, {"window": 1}])
def test_windows_differ(other: dict[str, int]) -> None:
    here = {"lane": 0, "window": 0, "count": 64}
    assert order_of_window(5, **here).tolist() != order_of_window(5, **here | other).tolist()
    assert order_of_window(5, **here).tolist() != order_of_window(6, **here).tolist()


def test_a_permuted_place_is_uniform() -> None:
    """Where the first of eight samples lands over 4,000 windows: chi-squared with 7 degrees of freedom, p > 0.001."""
    places = [int(np.flatnonzero(order_of_window(9, lane=2, window=w, count=8) == 0)[0]) for w in range(4000)]
    counts = np.bincount(places, minlength=8)
    assert ((counts - 500) ** 2 / 500).sum() < 24.3
