"""Measures of simple pictures whose answers are known, and the perceptual hash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sfumato_train.data.measure import measure, phash


def plain(colour: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    return np.full((256, 256, 4), colour, dtype=np.uint8)


def blob(x: int, y: int, *, radius: int = 60, colour: tuple[int, int, int] = (200, 40, 40)) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:256, :256]
    inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
    picture = np.zeros((256, 256, 4), dtype=np.uint8)
    picture[inside] = (*colour, 255)
    return picture


def distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return (phash(a) ^ phash(b)).bit_count()


def test_flat_red() -> None:
    m = measure(plain((255, 0, 0, 255)))
    assert (m.coverage, m.colour, m.detail, m.palette) == (1.0, 1.0, 0.0, 1)


def test_nothing() -> None:
    m = measure(plain((0, 0, 0, 0)))
    assert (m.coverage, m.colour, m.detail, m.palette) == (0.0, 0.0, 0.0, 0)


def test_grey_has_no_colour_and_half_a_red_square_half() -> None:
    assert measure(plain((90, 90, 90, 255))).colour == 0.0
    picture = plain((90, 90, 90, 255))
    picture[:, :128] = (255, 0, 0, 255)
    assert measure(picture).colour == pytest.approx(0.5)


def test_faint_colour_counts_by_its_own_alpha() -> None:
    assert measure(plain((40, 10, 10, 48))).colour == 1.0
    assert measure(plain((40, 37, 37, 48))).colour == 0.0


def test_stripes_have_detail() -> None:
    picture = plain((0, 0, 0, 255))
    picture[:, ::2, :3] = 255
    # Every horizontal step is 255 in three of four channels, no vertical one is any.
    assert measure(picture).detail == pytest.approx(255 * 3 / 4 / 2)


def test_palette_counts_coarse_colours_and_no_specks() -> None:
    picture = plain((255, 0, 0, 255))
    picture[:100] = (0, 0, 255, 255)
    picture[0, :10] = (0, 255, 0, 255)
    assert measure(picture).palette == 2


def test_hash_has_64_bits_half_of_them_set() -> None:
    value = phash(blob(100, 120))
    assert 0 <= value < 2**64
    assert value.bit_count() == 32


def test_hash_hardly_moves_with_the_picture_or_its_noise() -> None:
    base = blob(100, 120)
    assert distance(base, blob(101, 120)) <= 6
    noisy = np.clip(base.astype(int) + np.random.default_rng(0).integers(-3, 4, base.shape), 0, 255)
    noisy[..., :3] = np.minimum(noisy[..., :3], noisy[..., 3:])
    assert distance(base, noisy.astype(np.uint8)) <= 6


def test_hash_tells_pictures_apart() -> None:
    assert distance(blob(100, 120), blob(180, 60)) > 16
    assert distance(blob(100, 120), blob(128, 128, radius=110)) > 16


def test_white_and_black_art_leave_opposite_traces() -> None:
    white, black = blob(128, 90, colour=(255, 255, 255)), blob(128, 90, colour=(0, 0, 0))
    assert distance(white, black) > 48


@given(st.integers(70, 180), st.integers(70, 180))
def test_hash_depends_on_the_picture_alone(x: int, y: int) -> None:
    assert phash(blob(x, y)) == phash(blob(x, y).copy())
