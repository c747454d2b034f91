"""Sheets: where pictures lie, and text that stays in its column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.errors import OutputError
from sfumato_train.evals.sheets import GAP, GOOD, GROUND, INK, SIDE, TEXT, Cell, save, sheet

CLEAR = np.full((4, 64, 64), -1, np.float32)
RED = np.stack([np.full((64, 64), v, np.float32) for v in (1, -1, -1, 1)])


def place(column: int, row: int) -> tuple[int, int]:
    """The middle of a cell's picture."""
    return GAP + column * (SIDE + GAP) + SIDE // 2, GAP + row * (SIDE + TEXT + GAP) + SIDE // 2


def test_pictures_lie_row_by_row() -> None:
    image = sheet([Cell(picture=CLEAR), Cell(picture=RED), Cell(picture=RED)], columns=2)
    assert image.size == (GAP + 2 * (SIDE + GAP), GAP + 2 * (SIDE + TEXT + GAP))
    colours = [image.getpixel(place(column, row)) for row in (0, 1) for column in (0, 1)]
    assert colours == [GROUND, (255, 0, 0), (255, 0, 0), (255, 255, 255)]


def test_a_pixel_becomes_four() -> None:
    picture = CLEAR.copy()
    picture[:, 3, 5] = (1, -1, -1, 1)
    image = np.asarray(sheet([Cell(picture=picture)], columns=1))[GAP : GAP + SIDE, GAP : GAP + SIDE]
    red = (image == (255, 0, 0)).all(axis=-1)
    assert red.sum() == 4
    assert red[6:8, 10:12].all()


@pytest.mark.parametrize(("good", "colour"), [(False, INK), (True, GOOD)])
def test_what_was_recognised_is_green(good: bool, colour: tuple[int, int, int]) -> None:
    image = sheet([Cell(picture=CLEAR, text="a cat ■", good=good)], columns=1)
    assert colour in {pixel for _, pixel in image.getcolors(65536) or []}


def test_long_text_stays_in_its_column() -> None:
    cells = [Cell(picture=CLEAR, text="a very long description " * 9), Cell(picture=CLEAR)]
    pixels = np.asarray(sheet(cells, columns=2))
    below = pixels[GAP + SIDE + 1 : GAP + SIDE + TEXT]
    assert (below[:, : GAP + SIDE] != 255).any()
    assert (below[:, GAP + SIDE + 1 :] == 255).all()


def test_a_second_line_takes_what_the_first_has_no_room_for() -> None:
    texts = "a tiger face to the left of a magnifying glass", "a cat"
    cells = [Cell(picture=CLEAR, text=text) for text in texts]
    image = sheet(cells, columns=2, lines=2)
    assert image.height == GAP + SIDE + 2 * TEXT + GAP
    pixels = np.asarray(image)
    below = pixels[GAP + SIDE + 1 + TEXT : GAP + SIDE + 2 * TEXT]
    assert (below[:, : GAP + SIDE] != 255).any()
    assert (below[:, GAP + SIDE + 1 :] == 255).all(), "a short text needs one line"


def test_a_sheet_is_written_whole(tmp_path: Path) -> None:
    path = save(tmp_path / "sheet.png", sheet([Cell(picture=RED)], columns=1))
    with Image.open(path) as image:
        assert image.getpixel(place(0, 0)) == (255, 0, 0)
    with pytest.raises(OutputError):
        save(tmp_path / "missing" / "sheet.png", Image.new("RGB", (1, 1)))
