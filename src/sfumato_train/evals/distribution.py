"""How far a set of drawn pictures is from a set of real ones, on features of a network that no generator used.

Kernel distance: KID (Bińkowski et al. 2018), the squared maximum mean discrepancy under k(x, y) = (x·y/d + 1)³.
Precision and recall: Kynkäänniemi et al. 2019, by balls that reach each point's k-th neighbour of its own set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Floats

NEIGHBOURS = 3
DEGREE = 3


@dataclass(frozen=True, kw_only=True)
class KernelDistance:
    """The mean of the unbiased estimates over subsets and the standard error of that mean.

    An estimate may be below zero where two sets are alike; the size of the subsets changes its spread alone.
    """

    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Manifold:
    """precision: share of the drawn that lie among the real; recall: share of the real that lie among the drawn."""

    precision: float
    recall: float


def kernel(x: Floats, y: Floats) -> Floats:
    """[N,D], [M,D] → [N,M]: (x·y/D + 1)³."""
    product: Floats = (x.astype(np.float64) @ y.astype(np.float64).T / x.shape[1] + 1) ** DEGREE
    return product


def squared_mmd(x: Floats, y: Floats) -> float:
    """Unbiased estimate of the squared discrepancy (Gretton et al. 2012, eq. 3); both need two rows or more."""
    n, m = len(x), len(y)
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    within_x = (xx.sum() - np.trace(xx)) / (n * (n - 1))
    within_y = (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within_x + within_y - 2 * xy.mean())


def kernel_distance(
    drawn: Floats, real: Floats, rng: np.random.Generator, *, subsets: int = 50, size: int = 200
) -> KernelDistance:
    """Over `subsets` pairs of subsets drawn at random, of `size` rows or half of the smaller set.

    The error is the deviation over subsets divided by the square root of how many of them share no rows: subsets
    overlap, so that more of them make the mean steadier but bring no new pictures.
    """
    least = min(len(drawn), len(real))
    size = max(2, min(size, least // 2))
    values = np.array(
        [squared_mmd(_some(drawn, size, rng), _some(real, size, rng)) for _ in range(subsets)], dtype=np.float64
    )
    apart = max(1.0, least / size)
    return KernelDistance(value=float(values.mean()), error=float(values.std(ddof=1) / np.sqrt(apart)))


def manifold(drawn: Floats, real: Floats, *, neighbours: int = NEIGHBOURS) -> Manifold:
    """Both ways; each set needs more than `neighbours` rows."""
    return Manifold(precision=_covered(drawn, real, neighbours), recall=_covered(real, drawn, neighbours))


def _covered(points: Floats, others: Floats, k: int) -> float:
    """The share of the points that lie in some ball around one of the others."""
    reach = np.partition(_distances(others, others), k, axis=1)[:, k]  # the nearest, at 0, is the point itself
    inside = (_distances(points, others) <= reach[None] * (1 + 1e-6)).any(axis=1)
    return float(inside.mean())


def _distances(x: Floats, y: Floats) -> Floats:
    x, y = x.astype(np.float64), y.astype(np.float64)
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None] - 2 * x @ y.T
    distance: Floats = np.sqrt(np.maximum(squares, 0))
    return distance


def _some(rows: Floats, count: int, rng: np.random.Generator) -> Floats:
    return rows[rng.choice(len(rows), count, replace=False)]
