"""Resampling premultiplied pictures, and fitting one of any shape into the square that the networks see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.picture.convert import Floats, Pixels, from_pixels

SIDE = 64
_STRIP = 256
"""Rows that are float at a time: a picture of 4096² would be 268 MB as a whole."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The box that a picture takes in a square of `side` pixels; the rest is transparent."""

    top: int
    left: int
    height: int
    width: int
    side: int = SIDE

    def crop(self, result: Floats) -> Floats:
        """The picture's part of a square result [B, C, S, S]; S is a multiple of `side`, as after upsampling."""
        return result[:, :, *self._slices(result.shape[-1])]

    def crop_pixels(self, result: Pixels) -> Pixels:
        """The same of pixels [S, S, C]."""
        return result[self._slices(result.shape[0])]

    def _slices(self, size: int) -> tuple[slice, slice]:
        assert size % self.side == 0, f"{size} is no multiple of {self.side}"
        k = size // self.side
        rows = slice(k * self.top, k * (self.top + self.height))
        return rows, slice(k * self.left, k * (self.left + self.width))


def place(height: int, width: int, side: int = SIDE) -> Placement:
    """The largest box of the picture's aspect, centred in the square; no side of it is less than 1."""
    scale = side / max(height, width)
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    return Placement(top=(side - h) // 2, left=(side - w) // 2, height=h, width=w, side=side)


def square(pixels: Pixels, side: int = SIDE) -> Floats:
    """uint8 [H, W, 3 or 4], straight alpha → [1, 4, side, side], premultiplied in [-1, 1].

    Letterboxed on transparency, centred (see `place`). Shrinking averages exact areas, enlarging is smooth.
    """
    box = place(pixels.shape[0], pixels.shape[1], side)
    out = np.full((1, 4, side, side), -1.0, np.float32)
    box.crop(out)[...] = resized(pixels, box.height, box.width)
    return out


def resized(pixels: Pixels, height: int, width: int) -> Floats:
    """uint8 [H, W, 3 or 4] → [1, 4, height, width], premultiplied in [-1, 1], a strip of rows at a time."""
    rows, columns = weights(pixels.shape[0], height), weights(pixels.shape[1], width)
    out = np.zeros((1, 4, height, width), np.float32)
    for top in range(0, pixels.shape[0], _STRIP):
        strip = from_pixels(pixels[top : top + _STRIP])
        out += rows[:, top : top + _STRIP] @ (strip @ columns.T)
    return np.clip(out, -1.0, 1.0, out=out)


def resample(x: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """[..., H, W] → [..., height, width], each axis by `weights`. Enlarging may overshoot the values given."""
    if x.shape[-2:] == (height, width):
        return x
    out: Matrix = weights(x.shape[-2], height) @ (x @ weights(x.shape[-1], width).T)
    return out


def weights(old: int, new: int) -> Matrix:
    """[new, old], rows of sum 1: exact area averages where new < old, Catmull and Rom's cubic where new > old."""
    return _areas(old, new) if new < old else _cubic(old, new)


def _areas(old: int, new: int) -> Matrix:
    """How much of each old pixel lies in each new one."""
    edges = np.arange(new + 1) * (old / new)
    lower, upper = edges[:-1, None], edges[1:, None]
    pixel = np.arange(old)[None]
    shared = np.clip(np.minimum(upper, pixel + 1) - np.maximum(lower, pixel), 0.0, None)
    out: Matrix = (shared / shared.sum(axis=1, keepdims=True)).astype(np.float32)
    return out


def _cubic(old: int, new: int) -> Matrix:
    """Catmull & Rom 1974: interpolates, third order. Beyond the border the border's pixel goes on."""
    centre = (np.arange(new) + 0.5) * (old / new) - 0.5
    base = np.floor(centre).astype(int)
    out = np.zeros((new, old))
    for offset in (-1, 0, 1, 2):
        d = np.abs(centre - base - offset)
        near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
        np.add.at(out, (np.arange(new), np.clip(base + offset, 0, old - 1)), np.where(d < 1, near, far * (d < 2)))
    return out.astype(np.float32)
