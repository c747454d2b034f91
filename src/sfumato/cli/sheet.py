"""The contact sheet: several pictures side by side in one, to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.types import Picture

LARGEST = 512  # pixels a side for one picture on the sheet
GAP = 16
SEEDS = "seeds"  # in a sheet's record, where a picture's has "seed"
FRAMES = "frames"  # in a strip's or an animation's record: what its pictures do not share


def contact_sheet(pictures: Sequence[Picture], columns: int | None = None) -> Image.Image:
    """The pictures (at least one, all of one size and mode) row by row, with as many columns as rows unless said.

    They are shrunk to at most 512 pixels a side; between them it is transparent, or white if they are opaque.
    """
    from PIL import Image

    images = [picture.to_pil() for picture in pictures]
    scale = min(1.0, LARGEST / max(images[0].size))
    wide, high = (max(1, round(side * scale)) for side in images[0].size)
    columns = columns or ceil(sqrt(len(images)))
    rows = ceil(len(images) / columns)
    width, height = GAP + columns * (wide + GAP), GAP + rows * (high + GAP)
    mode = images[0].mode
    sheet = Image.new(mode, (width, height), (255, 255, 255, 0)[: len(mode)])
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        small = image.resize((wide, high), Image.Resampling.LANCZOS)
        sheet.paste(small, (GAP + column * (wide + GAP), GAP + row * (high + GAP)))
    return sheet


def sheet_record(pictures: Sequence[Picture]) -> dict[str, Any]:
    """What the sheet's file carries: the settings that its pictures share, and their seeds in order."""
    shared = {key: value for key, value in pictures[0].record.items() if key != "seed"}
    return {**shared, SEEDS: [picture.seed for picture in pictures]}


def strip_record(pictures: Sequence[Picture]) -> dict[str, Any]:
    """What a strip's or an animation's file carries: what its pictures share, and in `FRAMES` what each has alone."""
    records = [picture.record for picture in pictures]
    shared = {key: value for key, value in records[0].items() if all(one.get(key) == value for one in records)}
    return {**shared, FRAMES: [{key: one[key] for key in one if key not in shared} for one in records]}
