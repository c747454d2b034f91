"""Seams: how a painted part is fitted to the picture around it.

What the painting misses of the original at its edge is continued inwards as a membrane does it (Laplace's equation with
the residual as boundary values: the seamless cloning of Pérez et al. 2003, Poisson image editing, section 3) and fades
over a given distance, so that the edge meets and nothing old is left in the middle. The residual is taken between the
original outside and the painting *inside*, continued outwards by a membrane too: a network that is shown what is known
repeats it outside and may yet begin anew at the very edge, which a residual between two pictures of the outside misses.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sfumato.picture.convert import Floats
from sfumato.picture.fit import resample

Values = NDArray[np.float32]
SWEEPS, FINE_SWEEPS = 12, 3
"""Of Jacobi's method on every level, and on levels of more than 256 pixels, which begin nearly right."""
_FINEST = 24


def healed(painted: Floats, original: Floats, mask: Values, feather: float) -> Floats:
    """`original` outside the mask, inside it `painted` with its residual at the edge faded in over `feather` pixels.

    painted, original [1, 4, H, W], premultiplied in [-1, 1]; mask [1, 1, H, W], 1 = painted. What `original` holds
    inside the mask is never looked at.
    """
    known = mask[0, 0] < 0.5
    outwards = membrane(np.where(known, 0, painted[0]).astype(np.float32), ~known)
    residual = np.where(known, original[0] - outwards, 0).astype(np.float32)
    weight = fade(known, feather)
    inside = np.clip(painted[0] + membrane(residual, known) * weight, -1, 1)
    out: Floats = np.where(known, original[0], inside)[None].astype(np.float32)
    return out


def made_opaque(painted: Floats, original: Floats, mask: Values) -> Floats:
    """`painted` laid over the membrane of the opaque original's colours: for pictures without transparency.

    Laid over black, or over the picture's mean, a transparent place would be a hole of another colour.
    """
    known = mask[0, 0] < 0.5
    p, ground = (painted + 1) / 2, membrane(np.where(known, (original[0] + 1) / 2, 0).astype(np.float32), known)
    alpha = p[:, 3:]
    colours = np.minimum(p[:, :3], alpha) + (1 - alpha) * ground[None, :3]
    whole = np.concatenate([np.clip(colours, 0, 1), np.ones_like(alpha)], axis=1)
    return (whole * 2 - 1).astype(np.float32)


def membrane(values: Values, known: NDArray[np.bool_]) -> Values:
    """[C, H, W] known where `known` [H, W] → continued everywhere, without maxima of its own.

    Multigrid's first leg: solved on a coarse grid, refined on every finer one. At the outer border the slope is 0.
    Where nothing is known all is 0.
    """
    *finer, (u, _) = _pyramid(values, known)
    for level, given in reversed(finer):
        u = np.where(given, level, _enlarged(u, given.shape))
        for _ in range(SWEEPS if max(given.shape) <= 256 else FINE_SWEEPS):
            u = np.where(given, level, _mean_of_neighbours(u))
    return u


def _pyramid(values: Values, known: NDArray[np.bool_]) -> Iterator[tuple[Values, NDArray[np.bool_]]]:
    """The values on ever coarser grids, up to one where all are known (or one pixel is left)."""
    yield values, known
    while not known.all() and max(known.shape) > 1:
        weight = known.astype(np.float32)
        total, count = _sums(values * weight), _sums(weight[None])
        values, known = (total / np.maximum(count, 1)).astype(np.float32), count[0] > 0
        yield values, known


def _sums(x: Values) -> Values:
    """[C, H, W] → [C, ceil(H/2), ceil(W/2)], sums of blocks of four."""
    padded = np.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2)))
    rows = padded[:, ::2] + padded[:, 1::2]
    out: Values = rows[:, :, ::2] + rows[:, :, 1::2]
    return out


def _enlarged(u: Values, shape: tuple[int, ...]) -> Values:
    """Each value four times, cropped to the finer grid's shape; the sweeps smooth it."""
    out: Values = u.repeat(2, axis=1).repeat(2, axis=2)[:, : shape[0], : shape[1]]
    return out


def _mean_of_neighbours(u: Values) -> Values:
    padded = np.pad(u, ((0, 0), (1, 1), (1, 1)), mode="edge")
    out: Values = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    out += padded[:, 1:-1, :-2]
    out += padded[:, 1:-1, 2:]
    out *= np.float32(0.25)
    return out


def fade(known: NDArray[np.bool_], feather: float) -> Values:
    """[H, W] → weights: 1 at the edge of what is known, falling smoothly to 0 at `feather` pixels from it."""
    if feather <= 0:
        return np.zeros(known.shape, np.float32)
    # A distance needs no fine grid where the fade is wide.
    step = max(1, int(feather) // _FINEST)
    coarse = known if step == 1 else _any_known(known, step)
    x = np.clip(1 - (distance(coarse, feather / step) - 1) * step / feather, 0, 1)
    smooth = (x * x * (3 - 2 * x)).astype(np.float32)
    return smooth if step == 1 else np.clip(resample(smooth, *known.shape), 0, 1)


def _any_known(known: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    rows = np.logical_or.reduceat(known, np.arange(0, known.shape[0], step), axis=0)
    return np.logical_or.reduceat(rows, np.arange(0, known.shape[1], step), axis=1)


def distance(known: NDArray[np.bool_], limit: float) -> Values:
    """Euclidean distance to the nearest known pixel, in pixels; exact up to `limit`, and more than it beyond.

    Separable (Felzenszwalb and Huttenlocher 2012): along rows first, then the lower envelope along columns.
    """
    reach = int(np.ceil(limit)) + 1
    along = np.minimum(_run(known), _run(known[:, ::-1])[:, ::-1])
    squares = np.minimum(along, np.float32(2 * reach)) ** 2
    padded = np.pad(squares, ((reach, reach), (0, 0)), constant_values=np.float32(4 * reach * reach))
    out = squares
    for offset in range(-reach, reach + 1):
        shifted = padded[reach + offset : reach + offset + known.shape[0]]
        out = np.minimum(out, shifted + np.float32(offset * offset))
    root: Values = np.sqrt(out)
    return root


def _run(known: NDArray[np.bool_]) -> Values:
    """In each row, how far the last known pixel to the left is; very far where there is none."""
    index = np.arange(known.shape[1], dtype=np.float32)
    last: Values = np.maximum.accumulate(np.where(known, index, np.float32(-1e6)), axis=1)
    last -= index
    out: Values = np.abs(last)
    return out
