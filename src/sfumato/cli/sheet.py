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


def contact_sheet(pictures: Sequence[Picture]) -> Image.Image:
    """The pictures (at least one, all of one size and mode) in a grid as square as can be, row by row.

    They are shrunk to at most 512 pixels a side; between them it is transparent, or white if they are opaque.
    """
    from PIL import Image

    images = [picture.to_pil() for picture in pictures]
    side = min(LARGEST, images[0].width)
    columns = ceil(sqrt(len(images)))
    rows = ceil(len(images) / columns)
    width, height = (GAP + many * (side + GAP) for many in (columns, rows))
    mode = images[0].mode
    sheet = Image.new(mode, (width, height), (255, 255, 255, 0)[: len(mode)])
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        small = image.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    return sheet


def sheet_record(pictures: Sequence[Picture]) -> dict[str, Any]:
    """What the sheet's file carries: the settings that its pictures share, and their seeds in order."""
    shared = {key: value for key, value in pictures[0].record.items() if key != "seed"}
    return {**shared, SEEDS: [picture.seed for picture in pictures]}
