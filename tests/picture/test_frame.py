"""Frames: where they lie, and that pasting writes what is marked and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.picture.convert import from_pixels
from sfumato.picture.frame import SMALLEST, Frame, bounds, frame_around, shrunk_mask


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)


def box(height: int, width: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_bounds_are_tight() -> None:
    assert bounds(box(30, 40, 3, 5, 9, 25)) == (3, 5, 6, 20)


@settings(max_examples=60)
@given(data=st.data())
def test_the_frame_holds_what_is_marked_and_lies_inside_where_it_fits(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 900)), data.draw(st.integers(1, 900))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width))
    frame = frame_around(box(height, width, top, left, bottom, right))
    assert frame.top <= top
    assert frame.left <= left
    assert frame.top + frame.side >= bottom
    assert frame.left + frame.side >= right
    assert frame.side >= min(SMALLEST, max(height, width))
    assert frame.side <= max(height, width)
    for begin, length in ((frame.top, height), (frame.left, width)):
        if frame.side <= length:
            assert 0 <= begin <= length - frame.side
        else:
            assert abs((begin + frame.side - length) + begin) <= 1  # the picture lies in the middle


def test_a_small_mark_in_a_large_picture_has_context_and_no_more() -> None:
    frame = frame_around(box(2000, 3000, 900, 1000, 1100, 1200))
    assert (frame.side, frame.top, frame.left) == (400, 800, 900)
    assert frame_around(box(2000, 3000, 0, 0, 10, 10)) == Frame(top=0, left=0, side=SMALLEST)


def test_what_lies_outside_is_transparent_and_marked() -> None:
    frame = Frame(top=-2, left=1, side=6)
    pixels, mask = noise(3, 5), np.zeros((3, 5), bool)
    cut, marks = frame.cut(pixels), frame.cut_mask(mask)
    assert np.array_equal(cut[2:5, :4], pixels[:, 1:])
    assert not marks[2:5, :4].any()
    assert not cut[:2].any()
    assert not cut[:, 4:].any()
    assert marks[:2].all()
    assert marks[:, 4:].all()
    assert marks[5:].all()


@settings(max_examples=40)
@given(seed=st.integers(0, 99), top=st.integers(-9, 9), left=st.integers(-9, 9), side=st.integers(4, 40))
def test_a_cut_frame_pasted_back_changes_nothing_but_unseen_colours(seed: int, top: int, left: int, side: int) -> None:
    pixels = noise(20, 24, seed)
    pixels[..., 3] |= 128
    mask = np.random.default_rng(seed).random((20, 24)) < 0.5
    canvas, frame = pixels.copy(), Frame(top=top, left=left, side=side)
    frame.paste(from_pixels(frame.cut(pixels)), canvas, mask)
    assert np.array_equal(canvas, pixels)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99),
    top=st.integers(-300, 200),
    left=st.integers(-300, 200),
    side=st.integers(2, 500),
    size=st.sampled_from([8, 64]),
)
def test_only_marked_pixels_inside_the_frame_are_written(
    seed: int, top: int, left: int, side: int, size: int
) -> None:
    pixels = noise(150, 170, seed)
    mask = np.random.default_rng(seed).random((150, 170)) < 0.3
    canvas, frame = pixels.copy(), Frame(top=top, left=left, side=side)
    frame.paste(np.ones((1, 4, size, size), np.float32), canvas, mask)
    inside = np.zeros_like(mask)
    if top + side > 0 and left + side > 0:
        inside[frame.inside(150, 170)] = True
    assert np.array_equal(canvas[~(mask & inside)], pixels[~(mask & inside)])
    assert (canvas[mask & inside] == 255).all()


def test_pasting_in_strips_is_pasting_at_once() -> None:
    x = np.random.default_rng(1).random((1, 4, 32, 32)).astype(np.float32) * 2 - 1
    x[:, 3] = 1
    whole = np.zeros((300, 300, 4), np.uint8)
    Frame(top=0, left=0, side=300).paste(x, whole, np.ones((300, 300), bool))
    part = np.zeros((300, 100, 4), np.uint8)
    Frame(top=0, left=-100, side=300).paste(x, part, np.ones((300, 100), bool))
    assert np.abs(whole[:, 100:200].astype(int) - part).max() <= 1
    assert whole.std() > 40


def test_opaque_means_opaque() -> None:
    canvas = np.zeros((8, 8, 4), np.uint8)
    frame = Frame(top=0, left=0, side=8)
    frame.paste(np.zeros((1, 4, 8, 8), np.float32), canvas, np.ones((8, 8), bool), opaque=True)
    assert (canvas == [128, 128, 128, 255]).all()


@pytest.mark.parametrize(("side", "size"), [(100, 64), (1000, 64), (64, 64), (40, 64), (40, 256)])
def test_a_cell_is_known_only_when_all_of_it_is(side: int, size: int) -> None:
    mask = np.zeros((side, side), bool)
    mask[side // 2, side // 3] = True
    small = shrunk_mask(mask, size)
    assert small.shape == (1, 1, size, size)
    assert set(np.unique(small)) == {0, 1}
    rows, columns = np.nonzero(small[0, 0])
    scale = size / side
    assert rows.min() <= side // 2 * scale
    assert rows.max() + 1 >= (side // 2 + 1) * scale
    assert columns.min() <= side // 3 * scale
    assert columns.max() + 1 >= (side // 3 + 1) * scale
    assert small.sum() <= (np.ceil(5 * max(scale, 1)) + 1) ** 2
