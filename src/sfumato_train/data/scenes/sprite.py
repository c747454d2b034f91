"""Pieces of art ready to be placed: cropped to their content, resized, flipped, laid over one another.

All pictures are uint8 [H,W,4], premultiplied RGBA (Porter and Duff 1984): there resizing and "over" need no
division, and a transparent pixel carries no colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
_VISIBLE = 24


def content_box(picture: Pixels) -> tuple[int, int, int, int]:
    """Bounding box (x0, y0, x1, y1) in pixels of what is visible; the whole picture if nothing is."""
    alpha = picture[..., 3] > _VISIBLE
    columns = np.flatnonzero(alpha.any(axis=0))
    rows = np.flatnonzero(alpha.any(axis=1))
    if not len(columns):
        return 0, 0, picture.shape[1], picture.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def resize(picture: Pixels, width: int, height: int) -> Pixels:
    """Resize to [height,width,4]; bicubic over the area, overshoot clamped to alpha."""
    if picture.shape[:2] == (height, width):
        return picture
    size = (picture.shape[1], picture.shape[0])
    image = Image.frombytes("RGBX", size, picture.tobytes())
    result = np.array(image.resize((width, height), Image.Resampling.BICUBIC))
    np.minimum(result[..., :3], result[..., 3:], out=result[..., :3])
    return result


def over(canvas: Pixels, picture: Pixels, x: int, y: int) -> None:
    """Lay `picture` over `canvas` with its top left corner at (x, y), in place; what sticks out is cut off.

    c = c_top + c_below (1 - a_top), exact to rounding, so that colour never exceeds alpha.
    """
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(canvas.shape[1], x + picture.shape[1]), min(canvas.shape[0], y + picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    top = picture[y0 - y : y1 - y, x0 - x : x1 - x]
    below = canvas[y0:y1, x0:x1]
    keep = 255 - top[..., 3:].astype(np.uint16)
    below[...] = top + ((below * keep + 127) // 255).astype(np.uint8)


@dataclass(frozen=True, kw_only=True)
class Sprite:
    """An object cropped to its content: `pixels` [h,w,4]."""

    pixels: Pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def flipped(self) -> Sprite:
        """The mirror image, left for right."""
        return Sprite(pixels=self.pixels[:, ::-1])

    def fitted(self, width: float, height: float, *, enlarge: float = 1.15) -> Sprite:
        """As large as fits into width x height pixels, in shape, enlarged at most `enlarge` times."""
        scale = min(width / self.width, height / self.height, enlarge)
        w, h = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        return Sprite(pixels=resize(self.pixels, w, h))


def crop(picture: Pixels) -> Sprite:
    """A picture's content as a sprite."""
    x0, y0, x1, y1 = content_box(picture)
    return Sprite(pixels=picture[y0:y1, x0:x1])
