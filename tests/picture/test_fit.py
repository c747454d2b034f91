"""Resampling against what it must be in theory, and letterboxing against the pictures it is undone by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.picture.convert import downsample, from_pixels, to_pixels
from sfumato.picture.fit import place, resample, resized, square, weights

SIDES = st.integers(1, 90)


def noise(height: int, width: int, channels: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


@given(old=SIDES, new=SIDES)
def test_every_new_pixel_is_a_mean_of_old_ones(old: int, new: int) -> None:
    np.testing.assert_allclose(weights(old, new).sum(axis=1), 1, atol=1e-6)


@given(old=SIDES)
def test_the_same_size_changes_nothing(old: int) -> None:
    assert np.array_equal(weights(old, old), np.eye(old, dtype=np.float32))


@given(old=SIDES, new=SIDES)
def test_shrinking_keeps_what_there_is_in_all(old: int, new: int) -> None:
    """Areas are exact: every old pixel counts new/old times, wherever it lies."""
    if new < old:
        np.testing.assert_allclose(weights(old, new).sum(axis=0), new / old, atol=1e-6)
        assert (weights(old, new) >= 0).all()


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_whole_factors_agree_with_the_mean_of_blocks(factor: int) -> None:
    x = from_pixels(noise(24 * factor, 16 * factor))
    np.testing.assert_allclose(resample(x, 24, 16), downsample(x, factor), atol=1e-5)


@pytest.mark.parametrize(("old", "new"), [(10, 30), (16, 37)])
def test_enlarging_keeps_straight_lines_straight(old: int, new: int) -> None:
    at = (np.arange(new) + 0.5) * old / new - 0.5
    made = weights(old, new) @ np.arange(old, dtype=np.float32)
    inner = (at >= 1) & (at <= old - 2)
    np.testing.assert_allclose(made[inner], at[inner], atol=1e-5)


def test_shrinking_has_no_moire() -> None:
    """Lines of one pixel are grey when they are too fine to be seen: a sampler that skips pixels shows bands."""
    lines = np.zeros((200, 200, 3), np.uint8)
    lines[:, ::2] = 255
    small = resized(lines, 64, 64)[:, :3]
    assert small.std() < 0.2
    assert lines[::3, ::3].std() > 100  # what skipping would have kept


def test_colour_under_transparency_does_not_bleed() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[..., 0] = 255  # red that nobody sees
    pixels[40:60, 40:60] = [0, 0, 255, 255]
    seen = to_pixels(square(pixels))[0]
    assert seen[seen[..., 3] > 0][:, 0].max() == 0


@given(height=st.integers(1, 300), width=st.integers(1, 300))
def test_the_box_is_centred_and_keeps_the_aspect(height: int, width: int) -> None:
    box = place(height, width)
    assert max(box.height, box.width) == 64
    assert min(box.height, box.width) >= 1
    assert abs(box.height - 64 * height / max(height, width)) < 1
    assert abs(box.top - (64 - box.top - box.height)) <= 1
    assert abs(box.left - (64 - box.left - box.width)) <= 1


@settings(max_examples=20)
@given(height=st.integers(1, 200), width=st.integers(1, 200))
def test_outside_the_box_is_transparent(height: int, width: int) -> None:
    pixels = np.full((height, width, 3), 255, np.uint8)
    out, box = square(pixels), place(height, width)
    np.testing.assert_allclose(box.crop(out), 1, atol=1e-5)
    box.crop(out)[...] = -1
    assert (out == -1).all()


def test_strips_are_the_whole() -> None:
    pixels = noise(700, 20)
    np.testing.assert_allclose(resized(pixels, 50, 10), resample(from_pixels(pixels), 50, 10), atol=1e-5)


def test_results_of_any_size_are_cropped_alike() -> None:
    box = place(90, 160)
    large = np.zeros((1, 4, 256, 256), np.float32)
    assert box.crop(large).shape == (1, 4, 144, 256)
    assert box.crop_pixels(np.zeros((1024, 1024, 4), np.uint8)).shape == (576, 1024, 4)


def test_a_square_picture_of_the_size_is_itself() -> None:
    pixels = noise(64, 64)
    assert np.array_equal(square(pixels), from_pixels(pixels))


def test_the_range_is_kept_when_enlarging() -> None:
    sharp = np.zeros((8, 8, 3), np.uint8)
    sharp[2:6, 2:6] = 255
    out = square(sharp)
    assert out.min() >= -1
    assert out.max() <= 1
