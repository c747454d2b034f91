"""Augmentation moves, mirrors and warms a picture without breaking it or its caption."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data.scenes.augment import augmented, breathe, hue_matrix, move
from sfumato_train.data.scenes.colour import dominant_hue, hue_distance
from sfumato_train.data.scenes.sprite import Pixels, content_box
from sfumato_train.data.scenes.studio import Studio
from support.cast_store import BLUE, RED, few, small


def picture(shape: str = "body", ink: str = RED) -> Pixels:
    return small(shape, ink)


@few
@given(st.integers(0, 2**32 - 1), st.sampled_from(["body", "wide", "tall", "disc"]))
def test_moved_content_stays_whole(seed: int, shape: str) -> None:
    before = picture(shape)
    after = move(before, 64, np.random.default_rng(seed))
    assert after.shape == (64, 64, 4)
    assert (after[..., :3] <= after[..., 3:]).all()
    (a, b, c, d), (x0, y0, x1, y1) = content_box(before), content_box(after)
    for old, new in ((c - a, x1 - x0), (d - b, y1 - y0)):
        assert 0.78 * old - 2 <= new <= 1.04 * old + 2
    assert abs((x0 + x1) - (a + c)) / 2 <= 8
    assert abs((y0 + y1) - (b + d)) / 2 <= 8
    area = (before[..., 3] > 128).sum() / ((c - a) * (d - b))
    assert (after[..., 3] > 128).sum() / ((x1 - x0) * (y1 - y0)) == pytest.approx(area, abs=0.12)


def test_a_full_picture_cannot_leave_the_canvas() -> None:
    full = np.full((64, 64, 4), 255, dtype=np.uint8)
    for seed in range(30):
        box = content_box(move(full, 64, np.random.default_rng(seed)))
        assert box[2] - box[0] >= 49
        assert box[3] - box[1] >= 49


@few
@given(st.floats(-180, 180))
def test_hue_rotation_is_a_rotation_that_keeps_greys(degrees: float) -> None:
    matrix = hue_matrix(degrees)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrix @ np.ones(3), np.ones(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_a_third_of_a_turn_swaps_the_primaries() -> None:
    np.testing.assert_allclose(hue_matrix(120) @ (1, 0, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(hue_matrix(240) @ (1, 0, 0), (0, 0, 1), atol=1e-12)


@pytest.mark.parametrize("ink", [RED, BLUE])
def test_a_breath_of_colour_keeps_the_colour_word(ink: str) -> None:
    before = picture(ink=ink)
    hue, _ = dominant_hue(before)
    for seed in range(60):
        after = breathe(before, np.random.default_rng(seed))
        np.testing.assert_array_equal(after[..., 3], before[..., 3])
        assert (after[..., :3] <= after[..., 3:]).all()
        assert abs(float(hue_distance(np.array(dominant_hue(after)[0]), hue))) < 10
        assert np.abs(after.astype(int) - before).max() < 45


def test_a_breath_leaves_greys_grey() -> None:
    grey = picture(ink="#808080")
    for seed in range(20):
        after = breathe(grey, np.random.default_rng(seed))
        assert np.ptp(after[..., :3].astype(int), axis=-1).max() <= 2


def test_no_augmentation_when_not_wanted(studio: Callable[..., Studio]) -> None:
    before = picture()
    for seed in range(10):
        np.testing.assert_array_equal(augmented(before, studio(seed, augment=False), flip=True), before)


def test_mirrored_only_where_allowed(studio: Callable[..., Studio]) -> None:
    """The body's head is on its right: the upper part's centre of mass tells."""

    def head_right(flip: bool) -> list[bool]:
        found = []
        for seed in range(60):
            after = augmented(picture(), studio(seed), flip=flip)
            x0, y0, x1, _ = content_box(after)
            columns = np.nonzero(after[y0 + 2 : y0 + 8, :, 3])[1]
            found.append(bool(columns.mean() > (x0 + x1) / 2))
        return found

    assert all(head_right(flip=False))
    assert 0.3 < np.mean(head_right(flip=True)) < 0.7
