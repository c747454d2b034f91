"""Everything that a step of tuning needs but the decoder itself, computed once and kept in one file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from sfumato.errors import OutputError
from sfumato.networks.weights import read_tensors
from sfumato_train.disk import DISK, require

NAME = "prepared.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """P pictures, V views of them, M of these with an erased part, K captions, I imagined embeddings, R drawings of the
    model as it was. What is numbered by a lower-case index is int64.

    x_0 [V, C, S, S], z_img [V, E], view_of [V]; known [M, C, S, S], mask [M, 1, 64, 64] uint8 and masked_view [M];
    feats [T, D] f16, the real tokens of all captions one after another, where caption k has those from first[k] up to
    first[k+1]; caption_of [K], styled [K]; imagined [I, E], imagined_for [I] (a caption); old_x_0 [R, C, S, S], old_z
    [R, E], old_caption [R]; held_out [P] uint8: pictures that are measured and not learnt.
    """

    x_0: Tensor
    z_img: Tensor
    view_of: Tensor
    known: Tensor
    mask: Tensor
    masked_view: Tensor
    feats: Tensor
    first: Tensor
    caption_of: Tensor
    styled: Tensor
    imagined: Tensor
    imagined_for: Tensor
    old_x_0: Tensor
    old_z: Tensor
    old_caption: Tensor
    held_out: Tensor

    def text(self, captions: list[int], length: int) -> tuple[Tensor, Tensor]:
        """txt_feats [B, L, D] and txt_mask [B, L] of captions, filled with zeros to `length` (L) tokens."""
        feats = torch.zeros(len(captions), length, self.feats.shape[1])
        mask = torch.zeros(len(captions), length, dtype=torch.long)
        for row, k in enumerate(captions):
            start, end = int(self.first[k]), int(self.first[k + 1])
            feats[row, : end - start] = self.feats[start:end].float()
            mask[row, : end - start] = 1
        return feats, mask


def save(prepared: Prepared, folder: Path, key: str) -> None:
    """Write the file, whole or not at all; OutputError when the disk refuses."""
    tensors = {field.name: getattr(prepared, field.name).contiguous() for field in fields(Prepared)}
    beside = folder / f"{NAME}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        require(DISK, folder, sum(tensor.nbytes for tensor in tensors.values()))
        save_file(tensors, beside, metadata={"key": key})
        beside.replace(folder / NAME)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OutputError(f"{folder / NAME} could not be written ({error}); free some space.") from error


def load(folder: Path, key: str) -> Prepared | None:
    """What was prepared from the same pictures, captions, settings and model; None where that is not there.

    Raises BundleError for a damaged file.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    tensors, metadata = read_tensors(path, "")
    same = metadata.get("key") == key and set(tensors) == {field.name for field in fields(Prepared)}
    return Prepared(**tensors) if same else None


def key_of(*parts: object) -> str:
    """One text for all that a preparation depends on."""
    return json.dumps(parts, default=str, sort_keys=True)


def stacked(rows: list[np.ndarray], like: tuple[int, ...]) -> Tensor:
    """Rows joined to float32 [N, …], also where there are none."""
    joined = np.concatenate(rows) if rows else np.zeros((0, *like))
    return torch.from_numpy(np.ascontiguousarray(joined, np.float32))
