"""Cropping, resizing and laying over, against their definitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from sfumato_train.data.pixels import premultiply
from sfumato_train.data.scenes.sprite import Sprite, content_box, crop, over, resize
from support.cast_store import few

Picture = NDArray[np.uint8]


@st.composite
def pictures(draw: st.DrawFn, side: int | None = None) -> Picture:
    """Any premultiplied picture."""
    shape = (side, side, 4) if side else (*draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=24)), 4)
    return premultiply(draw(hnp.arrays(np.uint8, shape)))


def is_premultiplied(picture: Picture) -> bool:
    return bool((picture[..., :3] <= picture[..., 3:]).all())


@few
@given(pictures(), st.integers(1, 40), st.integers(1, 40))
def test_resizing_keeps_colour_within_alpha(picture: Picture, width: int, height: int) -> None:
    resized = resize(picture, width, height)
    assert resized.shape == (height, width, 4)
    assert is_premultiplied(resized)


@few
@given(pictures())
def test_resizing_to_the_same_size_changes_nothing(picture: Picture) -> None:
    np.testing.assert_array_equal(resize(picture, picture.shape[1], picture.shape[0]), picture)


def test_resizing_keeps_the_mean_of_a_smooth_picture() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = np.broadcast_to(ramp[:, None, None], (64, 64, 4)).copy()
    np.testing.assert_allclose(resize(picture, 16, 16).mean(), picture.mean(), atol=1)


@few
@given(pictures(12), pictures(12), st.integers(-14, 14), st.integers(-14, 14))
def test_over_is_porter_duff(below: Picture, top: Picture, x: int, y: int) -> None:
    canvas = below.copy()
    over(canvas, top, x, y)
    assert is_premultiplied(canvas)
    moved = np.zeros((40, 40, 4))
    moved[14 + y : 26 + y, 14 + x : 26 + x] = top
    moved = moved[14:26, 14:26]
    expected = moved + below * (1 - moved[..., 3:] / 255)
    np.testing.assert_allclose(canvas, expected, atol=0.51)


@few
@given(pictures())
def test_an_opaque_top_hides_and_a_clear_one_does_not(picture: Picture) -> None:
    opaque = np.full_like(picture, 255)
    canvas = picture.copy()
    over(canvas, np.zeros_like(picture), 0, 0)
    np.testing.assert_array_equal(canvas, picture)
    over(canvas, opaque, 0, 0)
    np.testing.assert_array_equal(canvas, opaque)


def test_content_box_bounds_what_is_visible() -> None:
    picture = np.zeros((20, 30, 4), dtype=np.uint8)
    picture[3:8, 10:25] = 200
    picture[0, 0] = 5
    assert content_box(picture) == (10, 3, 25, 8)
    assert crop(picture).pixels.shape == (5, 15, 4)


def test_an_empty_picture_is_all_content() -> None:
    assert content_box(np.zeros((20, 30, 4), dtype=np.uint8)) == (0, 0, 30, 20)


@few
@given(st.integers(1, 40), st.integers(1, 40), st.floats(1, 60), st.floats(1, 60))
def test_fitting_keeps_the_shape_and_stays_inside(w: int, h: int, width: float, height: float) -> None:
    sprite = Sprite(pixels=np.full((h, w, 4), 255, dtype=np.uint8)).fitted(width, height)
    assert sprite.width <= max(1, width + 0.5)
    assert sprite.height <= max(1, height + 0.5)
    assert sprite.width <= w * 1.15 + 0.5
    scale = min(width / w, height / h, 1.15)
    assert abs(sprite.width - max(1, w * scale)) <= 0.51
    assert abs(sprite.height - max(1, h * scale)) <= 0.51


@few
@given(pictures())
def test_flipping_twice_is_nothing(picture: Picture) -> None:
    sprite = Sprite(pixels=picture)
    np.testing.assert_array_equal(sprite.flipped().flipped().pixels, picture)
