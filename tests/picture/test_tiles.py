"""The frames of an extended picture: they cover it, overlap what is there, and begin next to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.picture.tiles import MOST_ACROSS, Room, frame_side, tiles


def room(old: tuple[int, int], left: int, right: int, top: int, bottom: int) -> Room:
    height, width = old
    return Room(
        height=top + height + bottom, width=left + width + right, top=top, left=left, old_height=height, old_width=width
    )


def unknown(one: Room) -> np.ndarray:
    out = np.ones((one.height, one.width), bool)
    out[one.top : one.top + one.old_height, one.left : one.left + one.old_width] = False
    return out


SOME = st.integers(0, 700)


@settings(max_examples=100)
@given(height=st.integers(1, 700), width=st.integers(1, 700), left=SOME, right=SOME, top=SOME, bottom=SOME)
def test_all_that_is_new_is_covered_and_every_frame_sees_something_known(
    height: int, width: int, left: int, right: int, top: int, bottom: int
) -> None:
    one = room((height, width), left, right, top, bottom)
    new = unknown(one)
    for frame in tiles(one):
        inside = frame.inside(one.height, one.width)
        assert not new[inside].all(), "a frame is painted next to nothing"
        new[inside] = False
    assert not new.any()


@pytest.mark.parametrize("amount", [128, 256, 600])
def test_half_of_a_frame_is_known(amount: int) -> None:
    one = room((256, 256), amount, amount, 0, 0)
    new = unknown(one)
    for frame in tiles(one):
        inside = frame.inside(one.height, one.width)
        assert new[inside].mean() <= 0.5
        new[inside] = False


def test_frames_are_as_large_as_the_picture_is_high() -> None:
    assert frame_side(room((900, 1600), 800, 0, 0, 0)) == 900
    assert frame_side(room((300, 300), 10, 0, 0, 0)) == 300
    assert frame_side(room((64, 64), 10, 0, 0, 0)) == 74  # no more than the canvas
    assert frame_side(room((100, 100), 300, 300, 0, 0)) == 256


def test_a_small_picture_in_a_large_canvas_takes_few_frames() -> None:
    one = room((100, 100), 2000, 1996, 2000, 1996)
    assert frame_side(one) == 2 * 4096 // MOST_ACROSS
    assert len(tiles(one)) <= (MOST_ACROSS + 2) ** 2


def test_the_nearest_come_first_and_the_order_is_always_the_same() -> None:
    one = room((256, 256), 512, 0, 512, 0)
    frames = tiles(one)
    assert frames == tiles(one)
    beyond = [max(512 - frame.left, 0) + max(512 - frame.top, 0) for frame in frames]
    assert beyond == sorted(beyond)
    assert beyond[0] == 128


def test_nothing_new_needs_no_frame() -> None:
    assert tiles(room((300, 400), 0, 0, 0, 0)) == [] or unknown(room((300, 400), 0, 0, 0, 0)).sum() == 0
