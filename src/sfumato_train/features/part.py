"""A part: what frozen networks say of some successive samples, as the tensors of one safetensors file.

For n samples: z_img, z_txt f16 [n, E]; of all captions' real tokens one after another `tokens` int32 [T] and `feats`
f16 [T, D], where caption i has those from first[i] up to first[i + 1]. For decoders also x_0 f16 [n, C, S, S] and, of
the m samples of which a part is known, `masked` int32 [m] (which they are), `known` f16 [m, C, S, S] and `mask` uint8
[m, 512], bits. For decoders that align with them also `maps` f16 [n, C, h, w], the image tower's last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sfumato.errors import BundleError, InputError, OutputError
from sfumato.networks.decoder import MASK_SIZE
from sfumato_train import tensorfile
from sfumato_train.disk import Disk
from sfumato_train.features.key import Key
from sfumato_train.samples import Batch

KEY = "key"
Row = tuple["Part", int]
"""A part, and the number of a sample in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """`place` [n]: the place of a sample among the masked ones, -1 where all of it is to be painted."""

    tensors: Mapping[str, Tensor]
    place: Tensor

    @property
    def rows(self) -> int:
        """Samples."""
        return len(self.tensors["z_img"])


def packed(batch: Batch) -> dict[str, Tensor]:
    """The tensors of a part; `batch` has z_img, z_txt, txt_tokens, txt_mask, txt_feats and, for decoders, x_0, known
    and mask [n, 1, 64, 64], some also maps."""
    real = batch["txt_mask"] > 0
    first = torch.zeros(len(real) + 1, dtype=torch.long)
    first[1:] = real.sum(dim=1).cumsum(dim=0)
    tensors = {name: batch[name].half() for name in ("z_img", "z_txt")}
    tensors |= {"tokens": batch["txt_tokens"][real].int(), "feats": batch["txt_feats"][real].half(), "first": first}
    maps = {"maps": batch["maps"].half().contiguous()} if "maps" in batch else {}
    return tensors | maps | (_packed_points(batch) if "x_0" in batch else {})


def _packed_points(batch: Batch) -> dict[str, Tensor]:
    masked = (batch["mask"].amin(dim=(1, 2, 3)) < 0.5).nonzero()[:, 0]
    bits = np.packbits((batch["mask"][masked] > 0.5).flatten(1).numpy(), axis=1)
    return {
        "x_0": batch["x_0"].half().contiguous(),
        "known": batch["known"][masked].half().contiguous(),
        "mask": torch.from_numpy(bits),
        "masked": masked.int(),
    }


def unpacked(rows: Sequence[Row]) -> Batch:
    """The inverse of `packed` for any samples of any parts; floats stay f16 but for the mask, which is float32."""
    with torch.autocast("cpu", enabled=False):  # sheets are drawn under it, and in bf16 it refuses to stack f16
        there = [name for name in ("z_img", "z_txt", "maps") if name in rows[0][0].tensors]
        batch = {name: torch.stack([part.tensors[name][i] for part, i in rows]) for name in there}
        batch |= _texts(rows)
        return batch | (_points(rows) if "x_0" in rows[0][0].tensors else {})


def _texts(rows: Sequence[Row]) -> Batch:
    spans = [(int(part.tensors["first"][i]), int(part.tensors["first"][i + 1])) for part, i in rows]
    length = max(end - start for start, end in spans)
    feats = torch.zeros(len(rows), length, rows[0][0].tensors["feats"].shape[1], dtype=torch.half)
    tokens, mask = (torch.zeros(len(rows), length, dtype=torch.long) for _ in range(2))
    for row, ((part, _), (start, end)) in enumerate(zip(rows, spans, strict=True)):
        real = slice(0, end - start)
        feats[row, real] = part.tensors["feats"][start:end]
        tokens[row, real] = part.tensors["tokens"][start:end].long()
        mask[row, real] = 1
    return {"txt_tokens": tokens, "txt_mask": mask, "txt_feats": feats}


def _points(rows: Sequence[Row]) -> Batch:
    x_0 = torch.stack([part.tensors["x_0"][i] for part, i in rows])
    known, mask = torch.zeros_like(x_0), torch.ones(len(rows), 1, MASK_SIZE, MASK_SIZE)
    for row, (part, i) in enumerate(rows):
        place = int(part.place[i])
        if place >= 0:
            known[row] = part.tensors["known"][place]
            bits = np.unpackbits(part.tensors["mask"][place].numpy())
            mask[row] = torch.from_numpy(bits).reshape(1, MASK_SIZE, MASK_SIZE)
    return {"x_0": x_0, "known": known, "mask": mask}


def write(disk: Disk, path: Path, tensors: Mapping[str, Tensor], key: Key) -> None:
    """The part under its name, whole and on the medium, or not at all; OutputError when the disk refuses."""
    beside = path.with_suffix(".partial")
    try:
        entries = {name: tensorfile.entry(tensor) for name, tensor in tensors.items()}
        tensorfile.write(disk, beside, entries, {KEY: json.dumps(key)})
        disk.rename(beside, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"The part {path} could not be written ({error}); free some space and go on.") from error


def told_key(path: Path) -> Key | None:
    """What a part was made of; None where there is no part, or one that cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            key: Key = json.loads(file.metadata()[KEY])
            return key
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def is_whole(path: Path) -> bool:
    """Whether every byte is what was written."""
    try:
        tensorfile.check(path)
    except BundleError:
        return False
    return True


def opened(path: Path, *, left: Sequence[str] = ()) -> Part:
    """A part mapped into memory: nothing is copied until a sample is asked for. InputError for a damaged one.

    `left`: tensors that nobody will ask for.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys() if name not in left}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise damaged(path) from error
    place = torch.full((len(tensors["z_img"]),), -1, dtype=torch.int32)
    if "masked" in tensors:
        place[tensors["masked"].long()] = torch.arange(len(tensors["masked"]), dtype=torch.int32)
    return Part(tensors=tensors, place=place)


def damaged(path: Path) -> InputError:
    """The sentence for a part that cannot be trusted."""
    return InputError(f"The part {path} is damaged; run `sfumato-train precompute` again, which makes it anew.")
