"""From the detector's maps to things: peaks of the map of centres, each with its kind, box and colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats
from .rules import Found


def things_in(
    thing_GG: Floats, box_4GG: Floats, kind_KGG: Floats, colour_CGG: Floats, *, threshold: float, colours: Sequence[str]
) -> tuple[Found, ...]:
    """The peaks with a probability of `threshold` or more, the surest first; maps are the logits of `Detector`."""
    probability = sigmoid(thing_GG)
    grid = probability.shape[0]
    found = []
    for row, column in np.argwhere(peaks(probability) & (probability >= threshold)).tolist():
        x, y, w, h = sigmoid(box_4GG[:, row, column]).tolist()
        cx, cy = (column + x) / grid, (row + y) / grid
        found.append(
            Found(
                kind=int(kind_KGG[:, row, column].argmax()),
                score=float(probability[row, column]),
                box=(max(0.0, cx - w / 2), max(0.0, cy - h / 2), min(1.0, cx + w / 2), min(1.0, cy + h / 2)),
                colour=colours[int(colour_CGG[:, row, column].argmax())],
            )
        )
    return tuple(sorted(found, key=lambda one: -one.score))


def peaks(values: Floats) -> NDArray[np.bool_]:
    """[G,G] → where no neighbour is higher; of equal neighbours the first in reading order is the peak."""
    padded = np.pad(values, 1, constant_values=-np.inf)
    size = values.shape[0]
    best = np.ones(values.shape, dtype=bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            near = padded[1 + dy : 1 + dy + size, 1 + dx : 1 + dx + size]
            if (dy, dx) < (0, 0):
                best &= values > near
            elif (dy, dx) > (0, 0):
                best &= values >= near
    return best


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e^-x), without overflow."""
    half: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return half
