"""Pairings that are wrong on purpose: a measurement that survives them measures nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError


def mismatch(labels: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """A permutation p, drawn at random, with labels[p[i]] != labels[i] for every i.

    Labels are laid out in blocks of equals, the blocks in a random order, and the row is turned by the largest
    block, which leaves nobody in its own. Raises InputError where one label has more than half of the places:
    then there is no such permutation.
    """
    count = len(labels)
    largest = max(Counter(labels).values(), default=0)
    if count == 0 or 2 * largest > count:
        raise InputError("The pictures show too few different concepts to be compared; choose more of them.")
    kinds = sorted(set(labels))
    block = dict(zip(kinds, rng.permutation(len(kinds)).tolist(), strict=True))
    order = np.array(sorted(rng.permutation(count).tolist(), key=lambda i: block[labels[i]]), dtype=np.int64)
    wrong = np.empty(count, dtype=np.int64)
    wrong[order] = np.roll(order, largest)
    return wrong
