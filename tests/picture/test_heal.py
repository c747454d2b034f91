"""Healing against theory: harmonic functions, exact distances, and edges that meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.picture.heal import distance, fade, healed, made_opaque, membrane

SIDE = 96


def grid(side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:side, :side].astype(np.float32) / side
    return rows, columns


def around(radius: float = 0.3) -> np.ndarray:
    rows, columns = grid()
    return np.hypot(rows - 0.5, columns - 0.5) > radius


HARMONIC = {
    "constant": lambda y, x: np.full_like(x, 0.4),
    "x": lambda y, x: x,
    "y": lambda y, x: y,
    "x² - y²": lambda y, x: x * x - y * y,
    "xy": lambda y, x: x * y,
    "eˣ cos y": lambda y, x: np.exp(x) * np.cos(y) / 3,
}


@pytest.mark.parametrize("name", HARMONIC)
def test_a_harmonic_function_is_continued_by_itself(name: str) -> None:
    """It is the one solution of Laplace's equation with its own values at the edge."""
    values, known = HARMONIC[name](*grid())[None].astype(np.float32), around()
    u = membrane(np.where(known, values, 0), known)
    assert np.array_equal(u[:, known], values[:, known])
    assert np.abs(u - values).max() < 0.025


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), height=st.integers(1, 50), width=st.integers(1, 50), share=st.floats(0.01, 1))
def test_the_membrane_has_no_maxima_of_its_own(seed: int, height: int, width: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((height, width)) < share
    known[rng.integers(height), rng.integers(width)] = True
    values = rng.standard_normal((2, height, width)).astype(np.float32)
    u = membrane(values * known, known)
    for channel in range(2):
        given_values = values[channel][known]
        assert u[channel].max() <= given_values.max() + 1e-5
        assert u[channel].min() >= given_values.min() - 1e-5


def test_nothing_known_is_nothing_to_continue() -> None:
    assert not membrane(np.zeros((1, 9, 7), np.float32), np.zeros((9, 7), bool)).any()


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), share=st.floats(0.001, 0.3))
def test_distances_are_euclidean(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((23, 31)) < share
    known[rng.integers(23), rng.integers(31)] = True
    places = np.argwhere(known)
    rows, columns = np.mgrid[:23, :31]
    true = np.sqrt(((rows - places[:, 0, None, None]) ** 2 + (columns - places[:, 1, None, None]) ** 2).min(axis=0))
    found = distance(known, 10)
    near = true <= 10
    np.testing.assert_allclose(found[near], true[near], atol=1e-4)
    assert (found[~near] > 10).all()


@pytest.mark.parametrize("feather", [4, 30, 60])
def test_the_fade_falls_from_one_to_nothing(feather: float) -> None:
    known = np.zeros((200, 40), bool)
    known[:20] = True
    weight = fade(known, feather)[:, 20]
    assert weight[:20].min() > 0.99
    assert weight[20] > 0.9
    assert weight[20 + feather // 2] == pytest.approx(0.5, abs=0.2)
    assert np.abs(weight[20 + feather + 4 :]).max() < 0.01
    assert (np.diff(weight[20:]) <= 1e-3).all()


def test_without_feather_nothing_is_faded() -> None:
    assert not fade(around(), 0).any()


def scene(*, alpha: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An original in which something old stands, a painting that is lighter all over, and the mask."""
    rows, columns = grid()
    rgb = np.stack([0.3 + 0.4 * rows, 0.5 * columns, 0.2 + 0 * rows]) * alpha
    p = np.concatenate([rgb, np.full((1, SIDE, SIDE), alpha)])[None]
    mask = (~around()).astype(np.float32)[None, None]
    original = np.where(mask > 0, 0.9, p) * 2 - 1
    painted = np.clip(p + 0.15, 0, 1) * 2 - 1
    return original.astype(np.float32), painted.astype(np.float32), mask


def jump(x: np.ndarray, mask: np.ndarray) -> float:
    """Mean step over the mask's edge."""
    inside = mask[0, 0] > 0.5
    down = np.abs(np.diff(x[0], axis=1)).mean(axis=0)[np.diff(inside, axis=0)]
    across = np.abs(np.diff(x[0], axis=2)).mean(axis=0)[np.diff(inside, axis=1)]
    return float(np.concatenate([down, across]).mean())


def test_edges_meet_and_pasting_alone_does_not() -> None:
    original, painted, mask = scene()
    control = np.where(mask > 0.5, painted, original)
    assert jump(healed(painted, original, mask, 12), mask) < 0.05
    assert jump(control, mask) > 0.15
    assert jump(healed(painted, original, mask, 0), mask) > 0.15


def test_what_is_known_stays_and_the_middle_is_the_paintings() -> None:
    original, painted, mask = scene(alpha=0.7)
    out = healed(painted, original, mask, 10)
    outside = np.broadcast_to(mask < 0.5, out.shape)
    assert np.array_equal(out[outside], original[outside])
    middle = np.s_[:, :, SIDE // 2 - 8 : SIDE // 2 + 8, SIDE // 2 - 8 : SIDE // 2 + 8]
    np.testing.assert_allclose(out[middle], painted[middle], atol=1e-5)


def test_nothing_old_leaks_in() -> None:
    original, painted, mask = scene()
    other = np.where(mask > 0.5, np.float32(-0.37), original)
    assert np.array_equal(healed(painted, original, mask, 20), healed(painted, other, mask, 20))
    assert np.array_equal(made_opaque(painted, original, mask), made_opaque(painted, other, mask))


def test_an_opaque_picture_gets_no_hole_but_more_of_its_ground() -> None:
    original, _, mask = scene()
    clear = np.full_like(original, -1)
    out = made_opaque(clear, original, mask)
    assert (out[:, 3] == 1).all()
    rows, columns = grid()
    np.testing.assert_allclose(out[0, 0], 2 * (0.3 + 0.4 * rows) - 1, atol=0.03)  # both are harmonic
    np.testing.assert_allclose(out[0, 1], columns - 1, atol=0.03)


def test_what_is_painted_opaque_stays() -> None:
    original, painted, mask = scene()
    solid = painted.copy()
    solid[:, 3] = 1
    np.testing.assert_allclose(made_opaque(solid, original, mask), solid, atol=1e-6)
