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
KEY = "contact_sheet"


def contact_sheet(pictures: Sequence[Picture]) -> Image.Image:
    """The pictures (at least one, all of one size and mode) in a grid as square as can be, row by row.

    They are shrunk to at most 512 pixels a side, the space between keeps their transparency, or is white.
    """
    from PIL import Image  # noqa: PLC0415 - heavy for a command that draws nothing

    images = [picture.to_pil() for picture in pictures]
    side = min(LARGEST, images[0].width)
    columns = ceil(sqrt(len(images)))
    rows = ceil(len(images) / columns)
    size = tuple(GAP + many * (side + GAP) for many in (columns, rows))
    mode = images[0].mode
    sheet = Image.new(mode, (size[0], size[1]), (255, 255, 255, 0)[: len(mode)])
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        small = image.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    return sheet


def sheet_record(pictures: Sequence[Picture]) -> dict[str, Any]:
    """What the sheet's file carries: the record of every picture on it, in order."""
    return {"software": pictures[0].record["software"], KEY: [picture.record for picture in pictures]}
