"""Draw a picture file as a square RGBA array: SVG through resvg without system fonts, WebP through Pillow."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from .pixels import premultiply, unpremultiply

# Part of every work file's name: raise it when the same input is to give other pixels.
VERSION = 1
_BASE = 256  # the size at which pictures are laid out
_FILL = 0.94  # of the frame, by art whose margins were cut off
_TEXT = re.compile(rb"<(?:\w+:)?text\b[^>]*>.*?</(?:\w+:)?text>", re.DOTALL)


class BrokenError(Exception):
    """The file cannot be drawn; the message is the reason."""


def render(data: bytes, size: int, *, crop: bool = False) -> NDArray[np.uint8]:
    """Draw `data` centred on a transparent square: uint8 [size,size,4], straight alpha.

    The aspect ratio is kept. With `crop`, art that fills less than 90 % of its page is drawn larger, so that
    it fills 94 % of the frame. `size` is a multiple of 256, and larger pictures lie over the smaller to
    within half a pixel of those (exactly, where the page is square). Raises BrokenError where the file is no
    picture or draws nothing.
    """
    if data[:4] == b"RIFF":
        return _raster(data, size)
    text = _decode(data)
    page, box = _layout(text, crop)
    times = size // _BASE
    picture = _draw(text, page[0] * times, page[1] * times)
    left, top, right, bottom = (edge * times for edge in box)
    cut = picture[top:bottom, left:right]
    place = (times * ((_BASE - box[2] + box[0]) // 2), times * ((_BASE - box[3] + box[1]) // 2))
    return _framed(cut, *place, size)


def _layout(text: str, crop: bool) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """The size to draw the page at, in a frame of 256, and the part (left, top, right, bottom) shown."""
    page = _draw(text, _BASE, _BASE)[:_BASE, :_BASE]
    height, width = page.shape[:2]
    box = _bounds(page)
    extent = max(box[2] - box[0], box[3] - box[1])
    if not crop or extent >= 0.9 * max(height, width):
        return (_BASE, _BASE), (0, 0, width, height)
    zoom = min(_FILL * _BASE / extent, 16.0)
    size = math.ceil(width * zoom), math.ceil(height * zoom)
    left, top, right, bottom = _bounds(_draw(text, *size))
    return size, (left, top, min(right, left + _BASE), min(bottom, top + _BASE))


def has_text(data: bytes) -> bool:
    """Whether an SVG contains words, which are not drawn because no fonts are loaded."""
    return any(re.sub(rb"<[^>]*>", b"", m).strip() for m in _TEXT.findall(data))


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    declared = re.match(rb"""<\?xml[^>]*encoding=["']([\w-]+)""", data)
    try:
        return data.decode(declared[1].decode() if declared else "utf-8")
    except (UnicodeDecodeError, LookupError):
        return data.decode("latin-1")


def _draw(text: str, width: int, height: int) -> NDArray[np.uint8]:
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, width=width, height=height, dpi=96, skip_system_fonts=True)
        with Image.open(io.BytesIO(bytes(png)), formats=["PNG"]) as image:
            return np.array(image.convert("RGBA"))
    except (ValueError, OSError) as error:
        raise BrokenError(f"cannot be drawn: {str(error).splitlines()[0][:80]}") from error


def _bounds(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is visible; BrokenError where nothing is."""
    visible = picture[..., 3] > 8
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not len(rows):
        raise BrokenError("empty")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _framed(picture: NDArray[np.uint8], left: int, top: int, size: int) -> NDArray[np.uint8]:
    """The picture at a place in a transparent square; transparent pixels carry no colour."""
    picture = picture[: size - top, : size - left]
    height, width = picture.shape[:2]
    frame = np.zeros((size, size, 4), dtype=np.uint8)
    frame[top : top + height, left : left + width] = picture
    frame[frame[..., 3] == 0] = 0
    return frame


def _raster(data: bytes, size: int) -> NDArray[np.uint8]:
    """A WebP picture resized with Lanczos in premultiplied colour, so that no fringe appears."""
    try:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
            straight = np.array(image.convert("RGBA"))
    except (OSError, ValueError) as error:
        raise BrokenError("cannot be read as WebP") from error
    _bounds(straight)
    height, width = straight.shape[:2]
    scale = size / max(height, width)
    if scale != 1.0:
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        channels = Image.fromarray(premultiply(straight)).split()
        resized = [np.asarray(c.resize(shape, Image.Resampling.LANCZOS)) for c in channels]
        stacked = np.stack(resized, axis=-1)
        stacked[..., :3] = np.minimum(stacked[..., :3], stacked[..., 3:])
        straight = unpremultiply(stacked)
    height, width = straight.shape[:2]
    return _framed(straight, (size - width) // 2, (size - height) // 2, size)
