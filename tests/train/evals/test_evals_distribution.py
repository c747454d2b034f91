"""Distances of distributions against what theory says of Gaussians and of sets that are equal or apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.evals.arrays import Floats
from sfumato_train.evals.distribution import kernel, kernel_distance, manifold, squared_mmd


def normal(seed: int, count: int, width: int, shift: float = 0.0, spread: float = 1.0) -> Floats:
    values = np.random.default_rng(seed).normal(shift, spread, (count, width))
    return values.astype(np.float32)


def theory(shift: float, spread: float) -> float:
    """Squared discrepancy of N(0, 1) and N(shift, spread²) under (xy + 1)³, in one dimension.

    (xy + 1)³ = Σ C(3, k) xᵏ yᵏ, so that it is Σ C(3, k) (mₖ - m'ₖ)² over the raw moments of order 1 to 3.
    """
    second, third = shift**2 + spread**2, shift**3 + 3 * shift * spread**2
    return float(3 * shift**2 + 3 * (second - 1) ** 2 + third**2)


@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (0.5, 1.0), (0.0, 1.5), (-0.4, 0.7)])
def test_gaussians_are_as_far_apart_as_theory_says(shift: float, spread: float) -> None:
    estimates = [squared_mmd(normal(k, 400, 1), normal(900 + k, 400, 1, shift, spread)) for k in range(60)]
    error = np.std(estimates, ddof=1) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(theory(shift, spread), abs=4 * error)


def test_the_estimate_is_unbiased_where_the_biased_one_is_not() -> None:
    estimates, biased = [], []
    for k in range(80):
        x, y = normal(k, 20, 4), normal(500 + k, 20, 4)
        estimates.append(squared_mmd(x, y))
        biased.append(float(kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()))
    error = np.std(estimates, ddof=1) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates)) < 3 * error
    assert np.mean(biased) > 10 * error


def test_the_kernel_is_the_cubic_one() -> None:
    x, y = np.array([[1.0, 2.0]], np.float32), np.array([[3.0, 0.0], [0.0, 0.0]], np.float32)
    assert kernel(x, y).tolist() == [[(3 / 2 + 1) ** 3, 1.0]]


def test_one_distribution_is_at_no_distance() -> None:
    rng = np.random.default_rng(0)
    same = kernel_distance(normal(1, 800, 8), normal(2, 800, 8), rng)
    assert abs(same.value) < 4 * same.error
    apart = kernel_distance(normal(1, 800, 8), normal(2, 800, 8, shift=0.5), rng)
    assert apart.value > 10 * apart.error


def test_the_error_is_what_the_value_varies_by() -> None:
    """Over fresh samples the values deviate by about the error that each of them states."""
    found = [
        kernel_distance(normal(k, 300, 4), normal(700 + k, 300, 4, shift=0.3), np.random.default_rng(k), size=60)
        for k in range(25)
    ]
    deviation = np.std([one.value for one in found], ddof=1)
    assert deviation == pytest.approx(np.mean([one.error for one in found]), rel=0.6)


def test_subsets_fit_small_sets() -> None:
    found = kernel_distance(normal(0, 5, 3), normal(1, 40, 3), np.random.default_rng(0))
    assert np.isfinite([found.value, found.error]).all()


def test_equal_sets_cover_one_another() -> None:
    x = normal(0, 60, 5)
    assert manifold(x, x) == manifold(x, x.copy())
    assert (manifold(x, x).precision, manifold(x, x).recall) == (1.0, 1.0)


def test_sets_far_apart_share_nothing() -> None:
    found = manifold(normal(0, 60, 5), normal(1, 60, 5, shift=50))
    assert (found.precision, found.recall) == (0.0, 0.0)


def test_a_collapsed_set_is_precise_and_recalls_little() -> None:
    real = normal(0, 300, 4)
    collapsed = real[:1] + normal(1, 300, 4, spread=0.01)
    found = manifold(collapsed, real)
    assert found.precision > 0.95
    assert found.recall < 0.1


def test_half_wrong_is_half_precise() -> None:
    real = normal(0, 200, 3)
    drawn = np.concatenate([real[:100], normal(1, 100, 3, shift=40)])
    found = manifold(drawn, real)
    assert found.precision == 0.5
    assert found.recall > 0.5


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_moving_both_sets_alike_changes_no_neighbour(seed: int, shift: float) -> None:
    x, y = normal(seed, 20, 3), normal(seed + 1, 20, 3, shift=0.5)
    before, after = manifold(x, y), manifold(x + np.float32(shift), y + np.float32(shift))
    assert after.precision == pytest.approx(before.precision, abs=0.051)
    assert after.recall == pytest.approx(before.recall, abs=0.051)
