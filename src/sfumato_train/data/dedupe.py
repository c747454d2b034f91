"""Find pictures that are the same art: equal bytes of pixels, or nearly so.

Near means near-identical art (re-encoded, or moved by less than a pixel): two vendors' drawings of one
concept are far apart in both measures used here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BITS = 8  # of 64 in which perceptual hashes of candidates may differ
MEAN = 1.5  # greatest mean difference of two near-identical pictures, of 255
BLOCK = 10.0  # greatest difference of the means of any 8x8 block (of 64x64), of 255


def duplicates(small: NDArray[np.uint8], hashes: NDArray[np.uint64]) -> dict[int, tuple[int, str]]:
    """For every picture that repeats an earlier one: the index of the earlier, and "exact" or "near".

    `small` is uint8 [N,64,64,4] premultiplied, `hashes` uint64 [N]; earlier pictures win. The earlier picture
    is itself kept: chains lead to their first link.
    """
    found: dict[int, tuple[int, str]] = {}
    for first, second in _candidates(hashes):
        if second in found or first in found:
            continue
        kind = compare(small[first], small[second])
        if kind:
            found[second] = (first, kind)
    return found


def compare(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> str:
    """ "exact", "near" or "" for two uint8 [64,64,4] pictures."""
    difference = np.abs(a.astype(np.int16) - b.astype(np.int16))
    if not difference.any():
        return "exact"
    if difference.mean() > MEAN:
        return ""
    blocks = (a.astype(np.float32) - b.astype(np.float32)).reshape(8, 8, 8, 8, 4).mean(axis=(1, 3))
    return "near" if float(np.abs(blocks).max()) <= BLOCK else ""


def _candidates(hashes: NDArray[np.uint64], rows: int = 256) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), i < j, whose hashes differ in at most BITS bits; ordered by j's block, then i, then j."""
    for start in range(0, len(hashes), rows):
        block = hashes[start : start + rows]
        distance = np.bitwise_count(block[:, None] ^ hashes[None, start:])
        for i, j in zip(*np.nonzero(distance <= BITS), strict=True):
            if i < j:
                yield start + int(i), start + int(j)
