"""The square part of a picture that the networks work on, and the way into it and back.

A frame may stick out of the picture; what lies outside is unknown: repainted, and thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.picture.convert import Floats, Pixels, to_pixels
from sfumato.picture.fit import resample, resized, weights
from sfumato.picture.mask import Mask

SMALLEST = 256
"""A frame shows at least that many pixels a side, where the picture has them."""
CONTEXT = 2.0
"""Side of a frame over the longer side of what is marked in it."""
_STRIP = 128


@dataclass(frozen=True, kw_only=True)
class Frame:
    """`side`×`side` pixels of a picture, from row `top` and column `left` on; both may be negative."""

    top: int
    left: int
    side: int

    def inside(self, height: int, width: int) -> tuple[slice, slice]:
        """The rows and columns of a picture of this size that the frame shows."""
        return _clipped(self.top, self.side, height), _clipped(self.left, self.side, width)

    def cut(self, pixels: Pixels) -> Pixels:
        """[H, W, C] → [side, side, C]; zero (transparent) outside the picture."""
        rows, columns = self.inside(*pixels.shape[:2])
        out = np.zeros((self.side, self.side, pixels.shape[2]), np.uint8)
        out[self._shifted(rows, columns)] = pixels[rows, columns]
        return out

    def cut_mask(self, mask: Mask) -> Mask:
        """[H, W] → [side, side]; marked outside the picture."""
        rows, columns = self.inside(*mask.shape)
        out = np.ones((self.side, self.side), np.bool_)
        out[self._shifted(rows, columns)] = mask[rows, columns]
        return out

    def paste(self, x: Floats, canvas: Pixels, mask: Mask, *, opaque: bool = False) -> None:
        """Writes x [1, 4, S, S], premultiplied in [-1, 1], into the canvas where the mask is marked, nowhere else.

        opaque: the alpha of what is written is 255. A few rows are float at a time.
        """
        rows, columns = self.inside(*mask.shape)
        down, across = weights(x.shape[-2], self.side), weights(x.shape[-1], self.side)
        wide = x @ across[columns.start - self.left : columns.stop - self.left].T
        for top in range(rows.start, rows.stop, _STRIP):
            strip = slice(top, min(top + _STRIP, rows.stop))
            part = down[strip.start - self.top : strip.stop - self.top] @ wide
            if opaque:
                part[:, 3] = 1.0
            here = mask[strip, columns]
            canvas[strip, columns][here] = to_pixels(part)[0][here]

    def _shifted(self, rows: slice, columns: slice) -> tuple[slice, slice]:
        across = slice(columns.start - self.left, columns.stop - self.left)
        return slice(rows.start - self.top, rows.stop - self.top), across


def _clipped(begin: int, side: int, length: int) -> slice:
    start = min(max(begin, 0), length)
    return slice(start, max(min(begin + side, length), start))


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Top, left, height and width of the smallest box around all that is marked (at least one pixel)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left


def frame_around(mask: Mask) -> Frame:
    """The frame in which the marked part is repainted: with context around it, inside the picture where it fits."""
    top, left, height, width = bounds(mask)
    wanted = max(SMALLEST, round(CONTEXT * max(height, width)))
    side = min(wanted, max(mask.shape))
    return Frame(
        top=_along(top + height / 2, side, mask.shape[0]),
        left=_along(left + width / 2, side, mask.shape[1]),
        side=side,
    )


def _along(centre: float, side: int, length: int) -> int:
    """Where the frame begins on one axis; a picture that is shorter than the frame lies in its middle."""
    if side >= length:
        return -((side - length) // 2)
    return min(max(round(centre - side / 2), 0), length - side)


def shrunk(pixels: Pixels, size: int) -> Floats:
    """A frame's pixels [side, side, C] → [1, 4, size, size], premultiplied in [-1, 1]."""
    return resized(pixels, size, size)


def shrunk_mask(mask: Mask, size: int) -> NDArray[np.float32]:
    """[side, side] → [1, 1, size, size] of 0 and 1: a pixel is known only when all that goes into it is."""
    share = resample(mask.astype(np.float32), size, size)
    # The lobes of the cubic that enlarges are negative.
    return (np.abs(share) > 1e-4).astype(np.float32)[None, None]
