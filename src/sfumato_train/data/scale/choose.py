"""Between the steps: what only all samples together can tell, from the few numbers that each shard's rows hold.

Needs 273 bytes a sample for pictures and 2·E for embeddings; beyond some fifty million samples, prepare them in parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .near import Indices, near_embeddings, near_pictures
from .rows import load
from .rules import CODES, NEAR_EMBEDDING, NEAR_PICTURE, REPEATED, UNLIKE, Rules

Faults = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """Of all samples, shard after shard: `faults`, indices into REASONS; `twins`, the sample that a repeat repeats,
    or -1. `starts` [shards + 1]: where each shard begins."""

    faults: Faults
    twins: Indices
    starts: Indices

    def kept(self, shard: int) -> NDArray[np.bool_]:
        """Which samples of a shard are left."""
        kept: NDArray[np.bool_] = self.faults[self.starts[shard] : self.starts[shard + 1]] == 0
        return kept


def by_pictures(measured: Sequence[Path], rules: Rules) -> Verdict:
    """Captions that come too often, and pictures that repeat others."""
    rows = [load(path, "fault", "blocks", "caption").arrays for path in measured]
    faults = np.concatenate([row["fault"] for row in rows])
    starts = np.cumsum([0, *(len(row["fault"]) for row in rows)])
    twins = np.full(len(faults), -1, np.int64)
    if rules.per_caption is not None:
        good = np.flatnonzero(faults == 0)
        captions = np.concatenate([row["caption"] for row in rows])[good]
        faults[good[_place_among_equal(captions) >= rules.per_caption]] = CODES[REPEATED]
    if rules.near_blocks is not None:
        good = np.flatnonzero(faults == 0)
        blocks = np.concatenate([row["blocks"] for row in rows])[good]
        found = near_pictures(blocks, tolerance=rules.near_blocks)
        _drop(faults, twins, good, found, NEAR_PICTURE)
    return Verdict(faults=faults, twins=twins, starts=starts)


def by_embeddings(verdict: Verdict, embedded: Sequence[Path], rules: Rules) -> Verdict:
    """Of what is left: captions unlike their pictures, and embeddings that repeat others."""
    faults, twins = verdict.faults.copy(), verdict.twins.copy()
    rows = [load(path, "row", "similarity", "z_img").arrays for path in embedded]
    starts = verdict.starts.tolist()
    place = np.concatenate([row["row"] + start for row, start in zip(rows, starts[:-1], strict=True)])
    z = np.concatenate([row["z_img"] for row in rows])
    if rules.min_similarity is not None:
        similar = np.concatenate([row["similarity"] for row in rows]) >= rules.min_similarity
        faults[place[~similar]] = CODES[UNLIKE]
        place, z = place[similar], z[similar]
    if rules.near_cosine is not None:
        _drop(faults, twins, place, near_embeddings(z, cosine=rules.near_cosine), NEAR_EMBEDDING)
    return Verdict(faults=faults, twins=twins, starts=verdict.starts)


def _drop(faults: Faults, twins: Indices, good: Indices, found: Indices, reason: str) -> None:
    repeats = found >= 0
    faults[good[repeats]] = CODES[reason]
    twins[good[repeats]] = good[found[repeats]]


def _place_among_equal(values: NDArray[np.uint64]) -> Indices:
    """How many equal values stand before each."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, bool)
    start = np.maximum.accumulate(np.where(begins, np.arange(len(values)), 0))
    places = np.empty(len(values), np.int64)
    places[order] = np.arange(len(values)) - start
    return places
