"""Wrong pairings are wrong everywhere, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.evals.controls import mismatch


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=40), st.integers(0, 2**32 - 1))
def test_nobody_is_paired_with_its_own_kind(labels: list[str], seed: int) -> None:
    largest = max(labels.count(label) for label in labels)
    if 2 * largest > len(labels):
        with pytest.raises(InputError, match="too few different concepts"):
            mismatch(labels, np.random.default_rng(seed))
        return
    wrong = mismatch(labels, np.random.default_rng(seed))
    assert sorted(wrong.tolist()) == list(range(len(labels)))
    assert all(labels[i] != labels[j] for i, j in enumerate(wrong))


def test_the_pairing_hangs_on_the_generator_alone() -> None:
    labels = [str(i) for i in range(50)]
    first, again, other = (mismatch(labels, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_nothing_cannot_be_paired() -> None:
    with pytest.raises(InputError):
        mismatch([], np.random.default_rng(0))
