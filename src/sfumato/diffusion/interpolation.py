"""Between points on a sphere: great circles, and means that lie on the sphere again.

Embeddings have unit norm, and noise of many dimensions lies near a sphere too, so neither may be averaged along
straight lines (White 2016, arXiv 1609.04468). Arrays are numpy's; each is one vector, whatever its shape.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError

Vector = NDArray[np.float32]
_Wide = NDArray[np.float64]

CLOSE = 1e-9  # radians
MOST = 100  # iterations; for points within a half-sphere ten are plenty


def slerp(a: Vector, b: Vector, t: float) -> Vector:
    """The point a fraction t in [0, 1] of the way from a to b: its angle grows evenly, its norm too.

    For unit vectors this is Shoemake's (1985) slerp, sin((1-t)ω)/sin ω·a + sin(tω)/sin ω·b.
    Raises InputError when a and b are opposite, since then there is no one way between them.
    """
    return spherical_mean((a, b), (1.0 - t, t))


def spherical_mean(points: Sequence[Vector], weights: Sequence[float]) -> Vector:
    """The point whose squared angles to the points, weighted, have the least sum; its norm is their weighted mean.

    Karcher's mean (1977) of the directions, by gradient descent with step 1 from the normalised weighted sum: exact
    after one step for two points. weights: not negative, and one at least above 0; they need not sum to 1.
    Raises InputError when the directions cancel out.
    """
    assert len(points) == len(weights) > 0
    share = np.asarray(weights, np.float64)
    assert share.min() >= 0.0 < share.sum()
    share /= share.sum()
    flat = np.stack([np.asarray(point, np.float64).ravel() for point in points])
    norms = np.linalg.norm(flat, axis=1)
    used = share > 0.0
    if used.sum() == 1:
        return points[int(np.argmax(used))]
    mean = _karcher(flat[used] / norms[used, None], share[used])
    return _like(mean * (share @ norms), points[0])


def _karcher(units: _Wide, share: _Wide) -> _Wide:
    total = share @ units
    length = np.linalg.norm(total)
    if length < CLOSE:
        raise InputError("The pictures are opposites of each other, so nothing lies between them; use other weights.")
    mean: _Wide = total / length
    for _ in range(MOST):
        step = share @ _log(mean, units)
        mean = _exp(mean, step)
        if np.linalg.norm(step) < CLOSE:
            break
    return mean


def _log(mean: _Wide, units: _Wide) -> _Wide:
    """The tangents at the mean that lead to each unit vector, as long as the angle."""
    cosine = np.clip(units @ mean, -1.0, 1.0)
    across = units - cosine[:, None] * mean
    sine = np.linalg.norm(across, axis=1)
    angle = np.arctan2(sine, cosine)
    ratio = np.divide(angle, sine, out=np.ones_like(sine), where=sine > CLOSE)
    tangents: _Wide = ratio[:, None] * across
    return tangents


def _exp(mean: _Wide, step: _Wide) -> _Wide:
    """Where one comes to from the mean along a tangent."""
    angle = np.linalg.norm(step)
    moved = np.cos(angle) * mean + (np.sin(angle) / angle if angle > 0.0 else 1.0) * step
    unit: _Wide = moved / np.linalg.norm(moved)
    return unit


def _like(flat: _Wide, template: NDArray[Any]) -> Vector:
    shaped: Vector = flat.reshape(template.shape).astype(np.float32)
    return shaped
