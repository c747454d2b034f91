"""What results stand on: transparency, or an opaque picture's edge colour."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.picture.backdrop import backdrop, is_opaque


def filled(*rgba: int) -> np.ndarray:
    return np.full((6, 9, 4), rgba, np.uint8)


def test_the_edge_gives_the_colour_and_the_middle_none() -> None:
    picture = filled(10, 20, 30, 255)
    picture[1:-1, 1:-1, :3] = 200
    assert backdrop([picture]) == "#0a141e"


@pytest.mark.parametrize("alpha", [0, 254])
def test_one_pixel_of_transparency_is_enough(alpha: int) -> None:
    picture = filled(10, 20, 30, 255)
    picture[3, 4, 3] = alpha
    assert not is_opaque(picture)
    assert backdrop([picture]) == "transparent"
    assert backdrop([filled(1, 2, 3, 255), picture]) == "transparent"


def test_of_several_the_mean() -> None:
    assert backdrop([filled(0, 0, 0, 255), filled(20, 40, 255, 255)]) == "#0a1480"


def test_a_single_pixel_has_an_edge() -> None:
    assert backdrop([np.array([[[1, 2, 3, 255]]], np.uint8)]) == "#010203"
