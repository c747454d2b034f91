"""From a picture's file to a square of pixels, through the same door as uploads: judged by content, size known first.

Many threads decode at once, and they must not fight over Python's warnings (whose filters belong to the whole
process): `_hushed` sets them once, for as long as anybody decodes.
"""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.picture.colour import MAX_PROFILE, to_rgba
from sfumato.picture.headers import Unreadable, inspect
from sfumato.picture.read import MAX_BYTES, MAX_PIXELS

from .sample import UNREADABLE, Unusable
from .settings import Fit

_CROP = "crop"


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """`pixels` uint8 [H,W,4], straight alpha, perhaps already smaller than the file's `width` × `height`."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


def decode(data: bytes, *, side: int) -> Decoded:
    """The picture, upright and in sRGB. JPEGs much larger than `side` are decoded at a half, a quarter or an eighth.

    Raises Unusable for all but a whole PNG, JPEG or WebP of at most 4096×4096 pixels.
    """
    try:
        header = inspect(data)
        if len(data) > MAX_BYTES or not 0 < header.width * header.height <= MAX_PIXELS:
            raise Unreadable("is too large")
        with _hushed(), Image.open(io.BytesIO(data), formats=[header.format]) as image:
            if len(image.info.get("icc_profile") or b"") > MAX_PROFILE:
                raise Unreadable("carries too large a colour profile")
            width, height = image.size
            if header.format == "JPEG" and image.mode in {"RGB", "L"}:
                image.draft(None, (2 * side, 2 * side))  # twice, so that what is left to shrink still averages
            image.load()
            return Decoded(pixels=to_rgba(image), width=width, height=height)
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise Unusable(UNREADABLE) from error


def squared(pixels: NDArray[np.uint8], size: int, fit: Fit) -> NDArray[np.uint8]:
    """uint8 [H,W,4] straight → uint8 [size,size,4] premultiplied: the centre ("crop"), or all of it ("pad").

    Shrinking averages areas; enlarging is bicubic.
    """
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).convert("RGBa")
    if fit == _CROP:
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        return _resized(image, (size, size), (left, top, left + side, top + side))
    scale = size / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    out = np.zeros((size, size, 4), np.uint8)
    top, left = (size - h) // 2, (size - w) // 2
    out[top : top + h, left : left + w] = _resized(image, (w, h), (0, 0, width, height))
    return out


def _resized(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    smaller = size[0] <= box[2] - box[0]
    made = image.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC, box=box)
    # Pillow has no arrays of mode RGBa; the bytes are the same.
    pixels = np.frombuffer(made.tobytes(), np.uint8).reshape(size[1], size[0], 4)
    return np.minimum(pixels, pixels[..., 3:])  # a cubic's overshoot is no colour


_lock = threading.Lock()
_hush = contextlib.ExitStack()
_decoding = 0


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """No warnings from Pillow, in any thread."""
    global _decoding  # noqa: PLW0603 - the filters are global too
    with _lock:
        if _decoding == 0:
            _hush.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _decoding += 1
    try:
        yield
    finally:
        with _lock:
            _decoding -= 1
            if _decoding == 0:
                _hush.close()
