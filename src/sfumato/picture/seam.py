"""How much of an edge there is where a painted part begins: a measure for tests and benchmarks."""

from __future__ import annotations

import numpy as np

from sfumato.picture.convert import Pixels
from sfumato.picture.mask import Mask

NEAR = range(2, 10)
"""Pixels from the seam at which the lines lie that it is compared with."""
_LEVEL = 0.01 / 255


def seam_ratio(pixels: Pixels, painted: Mask) -> float:
    """Mean step of premultiplied colour over the border of `painted` [H, W], over that of parallel lines nearby.

    pixels uint8 [H, W, 4]. About 1 where no seam can be seen.
    A hundredth of a level is added to both, so that flat pictures have a ratio too.
    """
    p = pixels.astype(np.float64) / 255
    p[..., :3] *= p[..., 3:]
    over, beside = [], []
    for axis in (0, 1):
        step = np.abs(np.diff(p, axis=axis)).mean(axis=-1)
        border = np.diff(painted, axis=axis)
        near = np.zeros_like(border)
        for distance in NEAR:
            near |= _moved(border, distance, axis) | _moved(border, -distance, axis)
        over.append(step[border])
        beside.append(step[near & ~border])
    return float((np.concatenate(over).mean() + _LEVEL) / (np.concatenate(beside).mean() + _LEVEL))


def _moved(mask: Mask, by: int, axis: int) -> Mask:
    out: Mask = np.roll(mask, by, axis)
    out[(slice(None),) * axis + (slice(by) if by > 0 else slice(by, None),)] = False
    return out
