"""Nearest training pictures, in the embedding and in pixels, and whether drawings lie too near.

A picture of a known concept in a style in which training never saw it is new, so the distance of such real
pictures to their nearest training picture says how near something new lies. What lies nearer is a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato_train.data.store import PictureStore

from .arrays import Floats, Tick, nobody, to_floats

BLOCK = 1024
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """The k nearest of each query: places [Q,k] among those searched, distances [Q,k] ascending."""

    places: NDArray[np.int64]
    distances: Floats


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """Distances to the nearest training picture, at QUANTILES. ratio: median of the drawn over that of the
    real (1: as far away as new pictures are; below: nearer). copies: share of the drawn that lie nearer than
    95 % of the real do (0.05 where they are alike).
    """

    drawn: tuple[float, ...]
    real: tuple[float, ...]
    ratio: float
    copies: float


def nearest(blocks: Iterable[Floats], k: int) -> Nearest:
    """From blocks of distances [Q,b], which follow one another along the pictures searched."""
    distances, places, start = None, None, 0
    for block in blocks:
        here = np.broadcast_to(np.arange(start, start + block.shape[1]), block.shape)
        start += block.shape[1]
        distances = block if distances is None else np.concatenate([distances, block], axis=1)
        places = here if places is None else np.concatenate([places, here], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(distances, order, axis=1)
        places = np.take_along_axis(places, order, axis=1)
    if distances is None or places is None:
        raise ValueError("There is nothing to search.")
    return Nearest(places=places, distances=distances.astype(np.float32))


def embedding_blocks(queries: Floats, searched: Floats) -> Iterator[Floats]:
    """Cosine distances 1 - q·s, in [0,2]: [Q,E] and [N,E] → blocks [Q,b]."""
    for start in range(0, len(searched), BLOCK):
        yield 1 - queries @ searched[start : start + BLOCK].T


def pixel_blocks(
    queries: Floats, store: PictureStore, indices: NDArray[np.int64], *, tick: Tick = nobody
) -> Iterator[Floats]:
    """Root mean square differences of premultiplied values in [0,1] at 64², the query mirrored or not.

    Mirrored too, because training shows mirrored pictures. [Q,4,64,64] in [-1,1] → blocks [Q,b].
    """
    both = [_rows(queries), _rows(queries[..., ::-1])]
    for start in range(0, len(indices), BLOCK):
        shown = _rows(to_floats(store.smalls[indices[start : start + BLOCK]]))
        tick(min(start + BLOCK, len(indices)), len(indices))
        yield np.minimum(*(rms(query, shown) for query in both))


def rms(queries: Floats, shown: Floats) -> Floats:
    """[Q,D] and [N,D] → [Q,N], by |q - s|² = |q|² + |s|² - 2 q·s."""
    squares = (queries**2).sum(axis=1)[:, None] + (shown**2).sum(axis=1)[None] - 2 * queries @ shown.T
    distance: Floats = np.sqrt(np.maximum(squares, 0) / queries.shape[1]).astype(np.float32)
    return distance


def nearness(drawn: Floats, real: Floats) -> Nearness:
    """Distances [D] and [R] of drawings and of new real pictures to their nearest training picture."""
    middle = float(np.median(real))
    return Nearness(
        drawn=_quantiles(drawn),
        real=_quantiles(real),
        ratio=float(np.median(drawn)) / max(middle, 1e-12),
        copies=float((drawn < np.quantile(real, QUANTILES[0])).mean()),
    )


def _rows(pictures: Floats) -> Floats:
    """[-1,1] pictures to rows of values in [0,1]."""
    return np.ascontiguousarray((pictures.reshape(len(pictures), -1) + 1) * np.float32(0.5))


def _quantiles(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, QUANTILES))
