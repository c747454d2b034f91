"""Near-duplicates among millions, without comparing each with each.

Candidates agree in one of several keys (of a table each); only candidates are compared. Of every group of alike ones
the first is kept: an item is dropped when it is near to an earlier one that is kept itself, so chains do not swallow
what is unlike their head.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]
Compare = Callable[[Indices, Indices], NDArray[np.bool_]]
_CHUNK = 1 << 15
_EXACT = 4096
_WIDTH = 8.0


def near_pictures(
    blocks: NDArray[np.uint8], *, tolerance: float, recall: float = 0.995, seed: int = 0
) -> Indices:
    """For each picture the earlier one that it repeats, or -1.

    `blocks` uint8 [N,…]: means over a grid of blocks, a signature that survives other compression and other sizes.
    Repeats differ in no block by more than `tolerance`. Candidates share the cells of a few random projections (Datar
    et al. 2004); there are as many tables as find, with probability `recall`, a pair whose blocks differ by a third of
    the tolerance (root mean square).
    """
    flat = blocks.reshape(len(blocks), math.prod(blocks.shape[1:]))
    first = _first_of_equal(flat)
    alone = np.flatnonzero(first == np.arange(len(first)))

    def alike(a: Indices, b: Indices) -> NDArray[np.bool_]:
        difference = flat[alone[a]].astype(np.int16) - flat[alone[b]]
        near: NDArray[np.bool_] = np.abs(difference).max(axis=1, initial=0) <= tolerance
        return near

    parents = _dropped(len(alone), _pairs(_cells(flat[alone], tolerance / 3, recall, seed), alike))
    result = np.full(len(flat), -1, np.int64)
    result[alone] = np.where(parents < 0, -1, alone[parents])
    copies = np.flatnonzero(first != np.arange(len(first)))
    result[copies] = np.where(result[first[copies]] < 0, first[copies], result[first[copies]])
    return result


def near_embeddings(z: NDArray[np.floating], *, cosine: float, recall: float = 0.99, seed: int = 0) -> Indices:
    """For each row [N,E] the earlier one whose cosine with it is at least `cosine`, or -1; rows may be of float16.

    Up to 4,096 rows are all compared. Beyond that candidates lie on the same side of every hyperplane of a table
    (Charikar 2002); there are as many tables as find a pair right at the threshold with probability `recall`.
    """

    def alike(a: Indices, b: Indices) -> NDArray[np.bool_]:
        products = np.einsum("ne,ne->n", _units(z[a]), _units(z[b]))
        near: NDArray[np.bool_] = products >= np.float32(cosine)
        return near

    if len(z) <= _EXACT:
        return _dropped(len(z), _all_pairs(z, cosine))
    return _dropped(len(z), _pairs(_sides(z, cosine, recall, seed), alike))


def _units(z: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of norm 1; as float16 their norms are off by a thousandth, which is much where cosines are near 1."""
    rows = z.astype(np.float32)
    units: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    return units


def _first_of_equal(rows: NDArray[np.uint8]) -> Indices:
    """For each row of bytes the index of the first equal one."""
    if len(rows) == 0:
        return np.zeros(0, np.int64)
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return first[inverse.reshape(-1)].astype(np.int64)


def _cells(flat: NDArray[np.uint8], apart: float, recall: float, seed: int) -> Iterator[Keys]:
    """Keys of cells that are eight times as wide as the distance of a pair that is to be found."""
    if len(flat) < 2:
        return
    distance = max(apart, 1.0) * math.sqrt(flat.shape[1])
    width, projections = _WIDTH * distance, max(4, round(math.log2(len(flat)) / 2))
    hit = _same_cell(_WIDTH) ** projections
    rng = np.random.Generator(np.random.Philox(key=[seed, projections]))
    for _ in range(math.ceil(math.log(1 - recall) / math.log(1 - hit))):
        normals = rng.standard_normal((flat.shape[1], projections), dtype=np.float32)
        shift = rng.uniform(0, width, projections).astype(np.float32)
        odd = rng.integers(0, 2**63, projections, dtype=np.uint64) | np.uint64(1)
        parts = []
        for start in range(0, len(flat), _CHUNK):
            cells = np.floor((flat[start : start + _CHUNK].astype(np.float32) @ normals + shift) / width)
            parts.append((cells.astype(np.int64).view(np.uint64) * odd).sum(axis=1, dtype=np.uint64))
        yield np.concatenate(parts)


def _same_cell(width: float) -> float:
    """Probability that a projection puts two points at distance 1 into one cell (Datar et al. 2004, section 3.2)."""
    tail = math.erfc(width / math.sqrt(2))
    return 1 - tail - 2 / (math.sqrt(2 * math.pi) * width) * (1 - math.exp(-(width**2) / 2))


def _sides(z: NDArray[np.floating], cosine: float, recall: float, seed: int) -> Iterator[Keys]:
    """Keys of hyperplanes through the mean: embeddings lie in a narrow cone, which other planes would not divide."""
    mean = z[:: max(1, len(z) // 65536)].astype(np.float32).mean(axis=0)
    spread = max(1e-3, 1 - float(mean @ mean))
    angle = math.acos(max(-1.0, 1 - (1 - cosine) / spread))
    planes = min(24, max(8, round(math.log2(len(z) / 16))))
    hit = (1 - angle / math.pi) ** planes
    tables = min(128, math.ceil(math.log(1 - recall) / math.log(1 - hit))) if hit < 1 else 1
    rng = np.random.Generator(np.random.Philox(key=[seed, planes]))
    places = np.uint64(1) << np.arange(planes, dtype=np.uint64)
    for _ in range(tables):
        normals = rng.standard_normal((z.shape[1], planes), dtype=np.float32)
        offset = mean @ normals
        parts = [
            (z[start : start + _CHUNK].astype(np.float32) @ normals > offset) @ places
            for start in range(0, len(z), _CHUNK)
        ]
        yield np.concatenate(parts).astype(np.uint64)


def _all_pairs(z: NDArray[np.floating], cosine: float, rows: int = 512) -> Iterator[tuple[Indices, Indices]]:
    whole = _units(z)
    for start in range(0, len(z), rows):
        a, b = np.nonzero(whole[start : start + rows] @ whole.T >= np.float32(cosine))
        later = b > a + start
        yield a[later] + start, b[later]


def _pairs(tables: Iterator[Keys], alike: Compare) -> Iterator[tuple[Indices, Indices]]:
    """Pairs (a, b), a < b, that share a key in some table and are alike."""
    for keys in tables:
        order = np.argsort(keys, kind="stable").astype(np.int64)
        ordered = keys[order]
        places = np.arange(len(order) - 1)
        distance = 1
        while len(places := places[places + distance < len(order)]):
            places = places[ordered[places] == ordered[places + distance]]
            for start in range(0, len(places), _CHUNK):
                part = places[start : start + _CHUNK]
                a, b = order[part], order[part + distance]
                found = alike(a, b)
                yield a[found], b[found]
            distance += 1


def _dropped(count: int, pairs: Iterator[tuple[Indices, Indices]]) -> Indices:
    """The kept item that each dropped one repeats, or -1: by the later index, then the earlier."""
    found = [np.stack(pair, axis=1) for pair in pairs]
    every = np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), np.int64)
    parents = np.full(count, -1, np.int64)
    for a, b in every[np.lexsort((every[:, 0], every[:, 1]))].tolist():
        if parents[b] < 0 and parents[a] < 0:
            parents[b] = a
    return parents
