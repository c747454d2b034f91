"""Heads, crowns and eyes are found where they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sfumato_train.data.pixels import premultiply
from sfumato_train.data.scenes.anatomy import head
from sfumato_train.data.scenes.sprite import crop
from support.cast_store import BROWN, GREY, YELLOW, Subject, draw


@pytest.mark.parametrize("ink", [YELLOW, BROWN, GREY])
def test_a_drawn_face(ink: str) -> None:
    """The disc spans y = 64..224 below ears from y = 30; eyes at y = 128 are 64 apart in a width of 175."""
    found = head(crop(premultiply(draw(Subject(name="f", category="x", shape="face", colour=ink)))).pixels)
    height, width = 224 - 30, 215 - 40
    assert found.crown == pytest.approx((66 - 30) / height, abs=0.05)
    assert found.eyes == pytest.approx((128 - 30) / height, abs=0.04)
    assert found.spread == pytest.approx(64 / width, abs=0.08)
    assert found.symmetry > 0.95
    assert 0.7 < found.width <= 1.0


def test_hair_is_not_taken_for_eyes() -> None:
    image = Image.new("RGBA", (256, 256))
    pen = ImageDraw.Draw(image)
    pen.ellipse((30, 20, 225, 236), fill="#f2b25c")
    pen.chord((30, 20, 225, 190), 180, 360, fill="#3a2314")
    for x in (92, 164):
        pen.ellipse((x - 9, 131, x + 9, 149), fill="#1c1c1c")
    found = head(crop(premultiply(np.array(image))).pixels)
    assert found.eyes == pytest.approx((140 - 20) / 216, abs=0.06)


def test_a_side_view_is_not_symmetric() -> None:
    found = head(crop(premultiply(draw(Subject(name="b", category="x", shape="body", colour=BROWN)))).pixels)
    assert found.symmetry < 0.86


def test_without_eyes_the_usual_place_is_assumed() -> None:
    found = head(crop(premultiply(draw(Subject(name="d", category="x", shape="disc", colour=BROWN)))).pixels)
    assert (found.eyes, found.spread) == (0.45, 0.38)


def test_nothing_visible_is_borne() -> None:
    found = head(np.zeros((10, 10, 4), dtype=np.uint8))
    assert found.symmetry == 0.0
