"""Embeddings that `sfumato-train data prepare` wrote beside clean shards: z_img that need not be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional as F

from sfumato_train.data.scale.places import Shard
from sfumato_train.data.scale.rows import unpacked
from sfumato_train.data.stream import concept_id

ALIKE = 0.995
"""Least cosine of an embedding with the image tower's own answer: graphs of eight bits, or another CLIP."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Embeddings:
    """`names` int64 [N], sorted: samples as `Batch.records` has them; `shard` and `row` [N]: where each one's z_img
    is; `files`: z_img f16 [n, E] of every shard, mapped into memory."""

    names: NDArray[np.int64]
    shard: NDArray[np.int32]
    row: NDArray[np.int32]
    files: Sequence[Tensor]

    def of(self, records: Tensor) -> Tensor | None:
        """z_img [B, E] of samples; None where that of one is missing."""
        wanted = records.numpy()
        place = np.searchsorted(self.names, wanted).clip(max=len(self.names) - 1)
        if not np.array_equal(self.names[place], wanted):
            return None
        found = [self.files[int(self.shard[i])][int(self.row[i])] for i in place]
        return torch.stack(found).float()


def beside(shards: Sequence[Shard]) -> Embeddings | None:
    """The embeddings of shards in a folder on disk; None where there are none."""
    files: list[Tensor] = []
    names: list[NDArray[np.int64]] = []
    for shard in shards:
        path = Path(shard.url).parent / "embeddings" / f"{Path(shard.url).stem}.safetensors"
        if "://" in shard.url or not path.is_file():
            continue
        with safe_open(path, framework="pt") as file:
            keys = unpacked(file.get_tensor("keys").numpy())
            files.append(file.get_tensor("z_img"))
        names.append(np.array([concept_id(f"{shard.name}/{key}") for key in keys], np.int64))
    if not files:
        return None
    all_names = np.concatenate(names)
    order = np.argsort(all_names)
    shard_of = np.repeat(np.arange(len(files), dtype=np.int32), [len(part) for part in names])
    row_of = np.concatenate([np.arange(len(part), dtype=np.int32) for part in names])
    return Embeddings(names=all_names[order], shard=shard_of[order], row=row_of[order], files=files)


def alike(found: Tensor, computed: Tensor) -> bool:
    """Whether embeddings are this CLIP's [B, E], but for the rounding of its weights in a bundle."""
    if found.shape != computed.shape:
        return False
    return bool(F.cosine_similarity(found, computed).min() >= ALIKE)
