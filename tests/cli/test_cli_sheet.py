"""The contact sheet: where the pictures stand, what is between them, what its file carries."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.cli.sheet import GAP, LARGEST, contact_sheet, sheet_record
from sfumato.requests.draw import DrawRequest
from sfumato.types import Picture
from support.painter import noise


def picture(seed: int, side: int = 20, *, background: str = "transparent") -> Picture:
    settings = DrawRequest(
        prompt="a fox",
        seed=seed,
        size=256,
        steps=5,
        guidance=3.0,
        sampler="ddim",
        background=background,
        system="unclip",
        model="sticker",
        version="1",
    )
    pixels = np.kron(noise(settings), np.ones((4, 4, 1), np.uint8))[:side, :side]
    return Picture(pixels=np.ascontiguousarray(pixels), settings=settings)


@pytest.mark.parametrize(
    ("many", "columns", "rows"),
    [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 2), (10, 4, 3), (100, 10, 10)],
)
def test_the_grid_is_as_square_as_can_be(many: int, columns: int, rows: int) -> None:
    sheet = contact_sheet([picture(k) for k in range(many)])
    assert sheet.size == (GAP + columns * (20 + GAP), GAP + rows * (20 + GAP))


def test_pictures_stand_row_by_row_untouched_on_transparency() -> None:
    pictures = [picture(k) for k in range(3)]
    for one in pictures:
        one.pixels[..., 3] = 255
    sheet = np.asarray(contact_sheet(pictures)).copy()
    assert sheet.shape[2] == 4
    for one, (row, column) in zip(pictures, [(0, 0), (0, 1), (1, 0)], strict=True):
        top, left = (GAP + place * (20 + GAP) for place in (row, column))
        cell = sheet[top : top + 20, left : left + 20]
        assert np.array_equal(cell, one.pixels)
        cell[...] = 0
    assert not sheet[..., 3].any()


def test_between_opaque_pictures_it_is_white() -> None:
    sheet = np.asarray(contact_sheet([picture(k, background="white") for k in range(2)]))
    assert sheet.shape[2] == 3
    assert (sheet[:GAP] == 255).all()


def test_large_pictures_are_shrunk() -> None:
    large = picture(0, background="white")
    wide = Picture(pixels=np.full((1024, 1024, 3), 9, np.uint8), settings=large.settings)
    sheet = contact_sheet([wide, wide])
    assert sheet.size == (3 * GAP + 2 * LARGEST, 2 * GAP + LARGEST)
    assert sheet.getpixel((GAP + 100, GAP + 100)) == (9, 9, 9)


def test_the_record_has_the_shared_settings_and_the_seeds_in_order() -> None:
    pictures = [picture(k) for k in (5, 3)]
    record = sheet_record(pictures)
    assert record.pop("seeds") == [5, 3]
    assert record == {key: value for key, value in pictures[0].record.items() if key != "seed"}
