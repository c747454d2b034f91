"""Slerp and the Karcher mean against the geometry of the sphere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion.interpolation import slerp, spherical_mean
from sfumato.errors import InputError


def unit(seed: int, dim: int = 12) -> np.ndarray:
    v = np.random.default_rng(seed).standard_normal((1, dim)).astype(np.float32)
    return v / np.linalg.norm(v)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Well conditioned at all angles, unlike the arc cosine."""
    a, b = (np.asarray(v, np.float64).ravel() / np.linalg.norm(v) for v in (a, b))
    return 2.0 * float(np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))


SEEDS = st.integers(0, 10_000)
SHARES = st.floats(0.0, 1.0)


@given(SEEDS, SEEDS, SHARES)
def test_slerp_keeps_the_norm_and_divides_the_angle(one: int, other: int, t: float) -> None:
    a, b = unit(one), unit(20_000 + other)
    between = slerp(a, b, t)
    assert between.shape == a.shape
    assert between.dtype == np.float32
    assert np.linalg.norm(between) == pytest.approx(1.0, abs=1e-6)
    assert angle(a, between) == pytest.approx(t * angle(a, b), abs=1e-5)
    assert angle(between, b) == pytest.approx((1 - t) * angle(a, b), abs=1e-5)


@pytest.mark.parametrize("t", [0.1, 0.25, 0.5, 0.8])
def test_slerp_is_shoemakes_formula(t: float) -> None:
    a, b = unit(1), unit(2)
    w = angle(a, b)
    expected = (np.sin((1 - t) * w) * a + np.sin(t * w) * b) / np.sin(w)
    np.testing.assert_allclose(slerp(a, b, t), expected, atol=1e-6)


def test_the_ends_are_the_points_bit_for_bit() -> None:
    a, b = unit(1), unit(2)
    assert np.array_equal(slerp(a, b, 0.0), a)
    assert np.array_equal(slerp(a, b, 1.0), b)


def test_a_point_with_itself_stays() -> None:
    a = unit(3)
    np.testing.assert_allclose(slerp(a, a, 0.3), a, atol=1e-7)


@given(SEEDS, SHARES)
def test_norms_are_mixed_evenly_beside_the_angle(seed: int, t: float) -> None:
    """Noise lies near a sphere, each on one of its own."""
    a, b = 3 * unit(seed), 7 * unit(seed + 30_000)
    between = slerp(a, b, t)
    assert np.linalg.norm(between) == pytest.approx(3 + 4 * t, rel=1e-5)
    assert angle(a, between) == pytest.approx(t * angle(a, b), abs=1e-5)


def test_noise_between_noises_keeps_its_spread() -> None:
    """What a straight line would not do: the mean of two noises has 0.71 of their spread."""
    a, b = (np.random.default_rng(k).standard_normal((1, 32, 8, 8)).astype(np.float32) for k in (1, 2))
    assert slerp(a, b, 0.5).std() == pytest.approx(1.0, abs=0.03)
    assert ((a + b) / 2).std() < 0.75


def test_two_weights_are_slerp() -> None:
    a, b = unit(4), unit(5)
    np.testing.assert_array_equal(spherical_mean([a, b], [3, 1]), slerp(a, b, 0.25))


@given(st.lists(SEEDS, min_size=3, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_the_mean_knows_no_order(seeds: list[int], random: object) -> None:
    weights = [1.0 + k for k in range(len(seeds))]
    pairs = list(zip(seeds, weights, strict=True))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    near = 2 * unit(50_000)
    point = {seed: (near + unit(seed)) / np.linalg.norm(near + unit(seed)) for seed in seeds}
    mean = spherical_mean([point[seed] for seed in seeds], weights)
    shuffled = spherical_mean([point[seed] for seed, _ in pairs], [weight for _, weight in pairs])
    np.testing.assert_allclose(mean, shuffled, atol=1e-6)
    assert np.linalg.norm(mean) == pytest.approx(1.0, abs=1e-6)


def test_the_mean_of_three_axes_is_their_diagonal() -> None:
    axes = list(np.eye(3, dtype=np.float32))
    np.testing.assert_allclose(spherical_mean(axes, [5, 5, 5]), np.full(3, 3**-0.5), atol=1e-7)


def test_the_mean_has_the_least_sum_of_squared_angles() -> None:
    """Karcher's definition; the normalised weighted sum is near, but not it."""
    points, weights = [unit(k, dim=4) + np.array([1.5, 0, 0, 0], np.float32) for k in range(3)], [6.0, 1.0, 1.0]
    points = [p / np.linalg.norm(p) for p in points]

    def cost(x: np.ndarray) -> float:
        return sum(w * angle(x, p) ** 2 for w, p in zip(weights, points, strict=True))

    mean = spherical_mean(points, weights)
    rng = np.random.default_rng(0)
    for _ in range(50):
        moved = mean + 0.02 * rng.standard_normal(mean.shape)
        assert cost(moved) > cost(mean)
    chord = sum(w * p for w, p in zip(weights, points, strict=True))
    assert cost(chord) > cost(mean) + 1e-6


def test_weights_need_not_sum_to_one_and_zero_leaves_out() -> None:
    a, b, c = (unit(k) for k in range(3))
    np.testing.assert_allclose(spherical_mean([a, b], [1, 3]), spherical_mean([a, b], [10, 30]), atol=1e-7)
    np.testing.assert_allclose(spherical_mean([a, b, c], [1, 3, 0]), spherical_mean([a, b], [1, 3]), atol=1e-7)
    assert np.array_equal(spherical_mean([a, b, c], [0, 0, 2]), c)


def test_opposites_have_nothing_between_them() -> None:
    a = unit(1)
    with pytest.raises(InputError, match="opposites"):
        slerp(a, -a, 0.5)
