"""The sheet of a search: what was found, best first, with place and likeness under each picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING

from sfumato.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.types import Match

SIDE = 256  # pixels a side for one picture
GAP = 16
LINE = 24  # for the words under it
INK = (70, 70, 70)


def found_sheet(matches: Sequence[Match]) -> Image.Image:
    """RGB on white, a grid as square as can be, row by row; an empty cell is a picture gone since."""
    from PIL import Image, ImageDraw, ImageFont

    columns = max(1, ceil(sqrt(len(matches))))
    rows = max(1, ceil(len(matches) / columns))
    size = (GAP + columns * (SIDE + GAP), GAP + rows * (SIDE + LINE + GAP))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for place, match in enumerate(matches):
        row, column = divmod(place, columns)
        left, top = GAP + column * (SIDE + GAP), GAP + row * (SIDE + LINE + GAP)
        small = _thumbnail(match)
        if small is not None:
            corner = (left + (SIDE - small.width) // 2, top + (SIDE - small.height) // 2)
            sheet.paste(small, corner, small)
        words = f"{place + 1} · {match.similarity:.3f}"
        pen.text((left + SIDE / 2, top + SIDE + 4), words, fill=INK, font=font, anchor="ma")
    return sheet


def _thumbnail(match: Match) -> Image.Image | None:
    """RGBA of at most SIDE a side."""
    from PIL import Image

    from sfumato.picture.convert import to_image
    from sfumato.picture.read import read_picture

    try:
        image = to_image(read_picture(match.path).pixels)
    except InputError:
        return None
    scale = SIDE / max(image.size)
    width, height = (max(1, round(scale * side)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)
