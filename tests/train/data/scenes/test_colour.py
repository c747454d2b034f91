"""Colour words are true: conversions against colorsys, shifts measured in the result."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data.pixels import unpremultiply
from sfumato_train.data.scenes.colour import (
    HUES,
    TINTS,
    Colour,
    dominant_hue,
    has_colour_word,
    hsv_to_rgb,
    hue_distance,
    recolour,
    tint,
    without_colour,
)
from sfumato_train.data.scenes.sprite import Pixels
from support.cast_store import BLUE, BROWN, GREEN, RED, YELLOW, few, small

INKS = {"red": RED, "yellow": YELLOW, "brown": BROWN, "green": GREEN, "blue": BLUE}


def disc(ink: str) -> Pixels:
    return small("disc", ink)


@few
@given(st.floats(0, 359.9), st.floats(0, 1), st.floats(0, 1))
def test_hsv_agrees_with_colorsys(hue: float, saturation: float, value: float) -> None:
    expected = colorsys.hsv_to_rgb(hue / 360, saturation, value)
    np.testing.assert_allclose(hsv_to_rgb(hue, saturation, value), np.array(expected) * 255, atol=0.51)


@pytest.mark.parametrize("ink", INKS.values(), ids=INKS)
def test_dominant_hue_of_a_flat_disc(ink: str) -> None:
    red, green, blue = (int(ink[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, share = dominant_hue(disc(ink))
    assert abs(float(hue_distance(np.array(hue), colorsys.rgb_to_hsv(red, green, blue)[0] * 360))) < 4
    assert share > 0.97


def test_greys_have_no_hue() -> None:
    assert dominant_hue(disc("#808080"))[1] == 0.0
    assert dominant_hue(np.zeros((8, 8, 4), dtype=np.uint8)) == (0.0, 0.0)


def test_two_hues_share_the_area() -> None:
    picture = disc(RED)
    picture[:, 32:] = disc(BLUE)[:, 32:]
    _, share = dominant_hue(picture)
    assert share == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("colour", HUES, ids=lambda c: c.name)
@pytest.mark.parametrize("ink", INKS.values(), ids=INKS)
def test_a_recoloured_disc_has_the_named_colour(ink: str, colour: Colour) -> None:
    hue, _ = dominant_hue(disc(ink))
    picture = recolour(disc(ink), hue, colour)
    found, share = dominant_hue(picture)
    assert abs(float(hue_distance(np.array(found), colour.hue))) < 8
    assert share > 0.9
    centre = unpremultiply(picture)[32, 32, :3] / 255
    _, saturation, value = colorsys.rgb_to_hsv(*centre)
    assert saturation == pytest.approx(colour.saturation, abs=0.06)
    assert value == pytest.approx(colour.value, abs=0.06)


def test_recolouring_spares_other_hues_and_greys() -> None:
    picture = disc(RED)
    picture[20:30, 20:30] = (30, 60, 220, 255)
    picture[34:44, 20:30] = (240, 240, 240, 255)
    changed = recolour(picture, dominant_hue(picture)[0], HUES[3])
    np.testing.assert_array_equal(changed[20:30, 20:30], picture[20:30, 20:30])
    np.testing.assert_array_equal(changed[34:44, 20:30], picture[34:44, 20:30])
    np.testing.assert_array_equal(changed[..., 3], picture[..., 3])
    assert (changed[..., :3] <= changed[..., 3:]).all()


def test_recolouring_without_the_hue_changes_nothing() -> None:
    grey = disc("#808080")
    np.testing.assert_array_equal(recolour(grey, 0.0, HUES[0]), grey)


def test_shading_survives_recolouring() -> None:
    picture = disc(RED)
    picture[32:, :, :3] = picture[32:, :, :3] // 2
    changed = recolour(picture, dominant_hue(picture)[0], HUES[5])
    assert changed[20, 32, :3].sum() > 1.6 * changed[44, 32, :3].sum()


@pytest.mark.parametrize("colour", TINTS, ids=lambda c: c.name)
def test_a_tint_is_exact(colour: Colour) -> None:
    tinted = tint(disc("#000000"), colour)
    np.testing.assert_array_equal(tinted[32, 32], (*colour.rgb, 255))
    assert (tinted[..., :3] <= tinted[..., 3:]).all()
    np.testing.assert_array_equal(tinted[..., 3], disc("#000000")[..., 3])


def test_colour_words() -> None:
    assert has_colour_word("red apple")
    assert has_colour_word("multicoloured ball") is False
    assert not has_colour_word("redwood tree")
    assert without_colour("red apple") == "apple"
    assert without_colour("orange") == ""
    assert without_colour("blue and green ball") == "and ball"


def test_the_named_hues_are_told_apart() -> None:
    for i, first in enumerate(HUES):
        for second in HUES[i + 1 :]:
            gaps = np.abs(np.array(first.rgb, dtype=int) - np.array(second.rgb, dtype=int))
            assert gaps.max() > 45, (first.name, second.name)
