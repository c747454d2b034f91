"""Premultiplied colour: rounding, the way back, and means over blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from sfumato_train.data.pixels import premultiply, shrink, unpremultiply

PICTURES = hnp.arrays(np.uint8, st.tuples(st.just(4), st.just(4), st.just(4)))


@given(PICTURES)
def test_premultiplied_is_the_rounded_product(picture: NDArray[np.uint8]) -> None:
    exact = picture[..., :3].astype(float) * picture[..., 3:] / 255
    flat = premultiply(picture)
    assert np.abs(flat[..., :3] - exact).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(flat[..., 3], picture[..., 3])


@given(PICTURES)
def test_no_colour_exceeds_its_alpha(picture: NDArray[np.uint8]) -> None:
    flat = premultiply(picture)
    assert (flat[..., :3] <= flat[..., 3:]).all()


@given(PICTURES)
def test_there_and_back_keeps_what_is_seen(picture: NDArray[np.uint8]) -> None:
    flat = premultiply(picture)
    np.testing.assert_array_equal(premultiply(unpremultiply(flat)), flat)


def test_opaque_colours_come_back_exactly() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 4)).astype(np.uint8)
    picture[..., 3] = 255
    np.testing.assert_array_equal(unpremultiply(premultiply(picture)), picture)


@given(hnp.arrays(np.uint8, (8, 12, 4)))
def test_shrinking_takes_the_rounded_mean_of_each_block(picture: NDArray[np.uint8]) -> None:
    little = shrink(picture, 4)
    assert little.shape == (2, 3, 4)
    for y in range(2):
        for x in range(3):
            mean = picture[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].astype(float).mean(axis=(0, 1))
            assert np.abs(little[y, x] - mean).max() <= 0.5


def test_shrinking_premultiplied_colour_leaves_no_dark_fringe() -> None:
    picture = np.zeros((2, 2, 4), dtype=np.uint8)
    picture[0, 0] = (200, 100, 50, 255)
    little = unpremultiply(shrink(premultiply(picture), 2))[0, 0]
    assert np.abs(little[:3].astype(int) - (200, 100, 50)).max() <= 3
    assert little[3] == 64


def test_pillow_premultiplies_to_the_same_bytes() -> None:
    """Pictures are read through Pillow's premultiplied mode, which is several times as fast."""
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    picture = np.stack([colour, colour, colour, alpha], axis=-1).astype(np.uint8)
    np.testing.assert_array_equal(np.array(Image.fromarray(picture).convert("RGBa")), premultiply(picture))
