"""Diversity at its ends, and between them where theory knows it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.evals.diversity import diversity, vendi


def test_one_picture_repeated_is_one_picture() -> None:
    features = np.repeat(np.random.default_rng(0).normal(0, 1, (5, 1, 8)), 4, axis=1).astype(np.float32)
    found = diversity(features)
    assert found.distance == pytest.approx(0, abs=1e-6)
    assert found.vendi == pytest.approx(1, abs=1e-5)


def test_pictures_with_nothing_in_common_are_as_many_as_they_are() -> None:
    features = np.stack([np.eye(4, 8, dtype=np.float32)] * 3)
    found = diversity(features)
    assert found.distance == pytest.approx(1)
    assert found.vendi == pytest.approx(4)


def test_two_pairs_are_two_pictures() -> None:
    axes = np.eye(2, 6, dtype=np.float32)
    assert diversity(np.repeat(axes, 2, axis=0)[None]).vendi == pytest.approx(2)


def test_length_says_nothing() -> None:
    features = np.random.default_rng(0).normal(0, 1, (3, 4, 8)).astype(np.float32)
    longer = features * np.linspace(1, 9, 4, dtype=np.float32)[None, :, None]
    assert diversity(longer).distance == pytest.approx(diversity(features).distance, abs=1e-6)


def test_two_alike_by_c_have_the_entropy_of_their_eigenvalues() -> None:
    c = 0.6
    high, low = (1 + c) / 2, (1 - c) / 2
    expected = np.exp(-(high * np.log(high) + low * np.log(low)))
    assert vendi(np.array([[1, c], [c, 1]], np.float32)) == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_it_stays_between_one_and_all(seed: int, count: int) -> None:
    features = np.random.default_rng(seed).normal(0, 1, (2, count, 5)).astype(np.float32)
    assert 1 - 1e-6 <= diversity(features).vendi <= count + 1e-6
