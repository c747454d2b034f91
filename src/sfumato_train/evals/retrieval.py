"""Recall at k among candidates of which several may be right, and what guessing would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Shares in [0,1] of the queries whose right answer is first, or among the first five."""

    top1: float
    top5: float
    chance1: float
    chance5: float
    queries: int
    candidates: int


def ranks(similarity: Floats, positive: Flags) -> NDArray[np.int64]:
    """[Q,C] → [Q]: how many wrong candidates are not below the best right one; 0 is a hit at the first place.

    A tie counts against the query, and so does a value that is not a number: a model that finds everything
    equally alike scores nothing. Every row of `positive` needs a right candidate.
    """
    best = np.where(positive, similarity, -np.inf).max(axis=1, keepdims=True)
    ahead: NDArray[np.int64] = (~positive & ~(similarity < best)).sum(axis=1)
    return ahead


def chance(positive: Flags, k: int) -> float:
    """Expected recall at k of a random order: 1 - C(N-m, k) / C(N, k) with m of N candidates right."""
    total = positive.shape[1]
    wanted = min(k, total)
    misses = [comb(total - int(m), wanted) / comb(total, wanted) for m in positive.sum(axis=1)]
    return 1.0 - float(np.mean(misses))


def recall(similarity: Floats, positive: Flags) -> Recall:
    """Recall over all queries [Q] among candidates [C]."""
    place = ranks(similarity, positive)
    return Recall(
        top1=float((place < 1).mean()),
        top5=float((place < 5).mean()),
        chance1=chance(positive, 1),
        chance5=chance(positive, 5),
        queries=positive.shape[0],
        candidates=positive.shape[1],
    )


def same(queries: Sequence[str], candidates: Sequence[str]) -> Flags:
    """[Q,C]: where both name the same concept."""
    equal: Flags = np.array(queries)[:, None] == np.array(candidates)[None, :]
    return equal


def both_ways(z_img: Floats, shown: Sequence[str], z_txt: Floats, concepts: Sequence[str]) -> tuple[Recall, Recall]:
    """Picture → caption and caption → picture.

    z_img [P,E] of pictures that show `shown` (P names, with repeats); z_txt [N,E] of N distinct `concepts`.
    """
    similarity, positive = z_img @ z_txt.T, same(shown, concepts)
    return recall(similarity, positive), recall(similarity.T, positive.T)
