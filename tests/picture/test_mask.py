"""What masks mark, and what is said of masks that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato.picture.mask import marked, repaint_mask
from sfumato.picture.read import Source, read_picture


def row(*pixels: tuple[int, int, int, int]) -> np.ndarray:
    return np.array([pixels], np.uint8)


def source(alpha: list[list[int]], grey: int = 100) -> Source:
    a = np.array(alpha, np.uint8)
    return read_picture(np.stack([np.full_like(a, grey)] * 3 + [a], axis=-1))


def test_alpha_marks_what_is_fully_transparent_alone() -> None:
    pixels = row((255, 255, 255, 0), (0, 0, 0, 1), (9, 9, 9, 255))
    assert marked(pixels).tolist() == [[True, False, False]]


def test_white_is_light_and_black_is_dark_and_transparency_is_neither() -> None:
    pixels = row((255, 255, 255, 255), (0, 0, 0, 255), (200, 200, 200, 255), (40, 60, 40, 255), (0, 0, 0, 0))
    assert marked(pixels, "white").tolist() == [[True, False, True, False, False]]
    assert marked(pixels, "black").tolist() == [[False, True, False, True, False]]
    assert not marked(row((255, 255, 255, 0)), "white").any()
    assert not marked(row((255, 255, 255, 0)), "black").any()


@given(red=st.integers(0, 255), green=st.integers(0, 255), blue=st.integers(0, 255))
def test_what_is_opaque_is_either_white_or_black(red: int, green: int, blue: int) -> None:
    pixel = row((red, green, blue, 255))
    assert marked(pixel, "white").all() != marked(pixel, "black").all()
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert abs(light - 127.5) < 0.1 or marked(pixel, "white").all() == (light > 127.5)


def test_the_mask_says_where() -> None:
    picture, mask = source([[255, 255]]), source([[0, 255]])
    assert repaint_mask(picture, mask).tolist() == [[True, False]]
    assert repaint_mask(mask).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("picture", "mask", "colour", "said"),
    [
        ([[255, 255]], [[0, 255, 0]], "alpha", "The mask has 3×1 pixels and the picture 2×1; give a mask of the"),
        ([[255, 255]], None, "alpha", "The picture has no fully transparent pixels to repaint; give a mask."),
        ([[0, 0]], None, "alpha", "The picture is wholly transparent, so nothing of it would be kept; use draw"),
        ([[255, 255]], [[0, 0]], "alpha", "The mask covers the whole picture, .* use draw"),
        ([[255, 255]], [[255, 255]], "alpha", "no fully transparent pixels; .*name the mask colour white or black"),
        ([[255, 255]], [[255, 255]], "white", "no white pixels; .*name another mask colour"),
        ([[255, 255]], [[255, 255]], "black", "The mask covers the whole picture"),
        ([[255, 255]], [[255, 255]], "red", "The mask colour 'red' is unknown; choose alpha, white or black."),
        ([[255, 0]], None, "white", "Without a mask there is no white to look for"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    picture: list[list[int]], mask: list[list[int]] | None, colour: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as refused:
        repaint_mask(source(picture), None if mask is None else source(mask), colour)
    assert str(refused.value).endswith(".")
    assert str(refused.value).count(". ") == 0
