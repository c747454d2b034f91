"""Orders of rows: permutations, and functions of seed and epoch alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.features.order import permutation, row_of


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(1, 2**20), rows=st.integers(1, 300))
def test_every_epoch_has_every_row_once(seed: int, epoch: int, rows: int) -> None:
    found = [row_of(seed, epoch * rows + place, rows) for place in range(rows)]
    assert sorted(found) == list(range(rows))


def test_the_first_epoch_is_the_order_of_the_stream() -> None:
    assert [row_of(5, j, 7) for j in range(7)] == list(range(7))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [tuple(permutation(seed, epoch, 50)) for seed in (0, 1) for epoch in (1, 2, 3)]
    assert len(set(orders)) == 6
    permutation.cache_clear()
    assert tuple(permutation(1, 3, 50)) == orders[5]


@pytest.mark.parametrize("epoch", [1, 7])
def test_places_are_evenly_mixed(epoch: int) -> None:
    """A uniform permutation of n moves a row by n/3 on average; here the deviation of that mean is below 1 %."""
    rows = 20_000
    moved = np.abs(permutation(0, epoch, rows) - np.arange(rows)).mean()
    assert moved == pytest.approx(rows / 3, rel=0.03)


def test_a_replaced_sample_has_a_row_too() -> None:
    assert 0 <= row_of(0, 5 + (1 << 40), 128) < 128
