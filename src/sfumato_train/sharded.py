"""Checkpoints of a run that FSDP spreads: every process writes its rows, any number of processes reads them.

`torch.distributed.checkpoint` would do it, but its `.metadata` is a pickle. A folder `step-00001000.sharded` holds one
safetensors file a rank, with the rows that the rank has of every tensor (parameters, averages, moments), rank 0's also
with what is the same everywhere, and `index.json`: metadata, and of each tensor its type, its global shape and which
file has which rows. The folder has another name until all are done; the index is written last and removed first.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sfumato_train import tensorfile
from sfumato_train.disk import Disk, require
from sfumato_train.distributed import together
from sfumato_train.parts import local, rows, spread
from sfumato_train.source import Rows, Source, file_source, unreadable

INDEX = "index.json"
FORMAT = 1


def file_of(rank: int) -> str:
    """The file of a rank."""
    return f"rank-{rank}.safetensors"


def write(
    disk: Disk, target: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], rank: int, ranks: int
) -> None:
    """Write the folder `target`, every rank its part; all ranks must call it, all with the same names.

    Raises OutputError on every rank when the disk refuses one of them.
    """
    beside = target.with_suffix(".sharded-partial")
    own = _own(tensors, rank)
    failure = f"The checkpoint {target} could not be written"

    def begin() -> None:
        if rank == 0:
            disk.make_folder(beside)

    def part() -> None:
        require(disk, target.parent, tensorfile.size(own) * ranks)
        if own:
            tensorfile.write(disk, beside / file_of(rank), own, {"rank": str(rank)})

    def finish() -> None:
        if rank == 0:
            _write_index(disk, beside / INDEX, index(tensors, metadata, ranks))
            disk.sync_folder(beside)
            disk.rename(beside, target)
            disk.sync_folder(target.parent)

    for action in (begin, part, finish):
        together(action, failure=failure)


def _own(tensors: Mapping[str, Tensor], rank: int) -> dict[str, tensorfile.Entry]:
    """What a rank writes: its rows of what is spread, and on rank 0 all that is not."""
    mine = {name: local(value) for name, value in tensors.items() if spread(value) or rank == 0}
    return {name: tensorfile.entry(value) for name, value in mine.items() if value.numel() or not spread(value)}


def index(tensors: Mapping[str, Tensor], metadata: Mapping[str, str], ranks: int) -> dict[str, Any]:
    """The index: which file has which rows follows from the number of ranks."""
    described = {name: _described(value, ranks) for name, value in tensors.items()}
    return {"format": FORMAT, "ranks": ranks, "metadata": dict(metadata), "tensors": described}


def _described(tensor: Tensor, ranks: int) -> dict[str, Any]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return {"dtype": dtype, "shape": list(tensor.shape), "parts": _parts(tensor, ranks)}


def _parts(tensor: Tensor, ranks: int) -> list[list[Any]]:
    """[file, first row, row after the last]; the rows are null for what is whole in one file."""
    if not spread(tensor):
        return [[file_of(0), None, None]]
    held = [(rank, *rows(tensor.shape[0], rank, ranks)) for rank in range(ranks)]
    return [[file_of(rank), first, last] for rank, first, last in held if first < last]


def _write_index(disk: Disk, path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content | {tensorfile.DIGEST: _digest(content)}).encode()
    with disk.create(path) as file:
        disk.write(file, memoryview(text))
        disk.sync(file)


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        promised = content.pop(tensorfile.DIGEST)
        known = content["format"] == FORMAT
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise unreadable(folder, error) from error
    if not known or promised != _digest(content):
        raise unreadable(folder, "its index is damaged" if known else "it is of another format")
    return content


def check(folder: Path) -> None:
    """BundleError when a folder is not what was written."""
    described = _read_index(folder)["tensors"].values()
    for name in sorted({part[0] for one in described for part in one["parts"]}):
        tensorfile.check(folder / name)
        file_source(folder / name)


def source(folder: Path) -> Source:
    """The tensors of a folder, put together as they are asked for; BundleError when it cannot be opened."""
    content = _read_index(folder)
    described = content["tensors"]
    names = {part[0] for one in described.values() for part in one["parts"]}
    files = {name: file_source(folder / name) for name in names}
    types = {name: (tuple(one["shape"]), getattr(torch, one["dtype"])) for name, one in described.items()}

    def read(name: str, wanted: Rows | None) -> Tensor:
        parts = described[name]["parts"]
        if parts and parts[0][1] is None:
            return files[parts[0][0]].read(name, wanted)
        first, last = wanted or (0, types[name][0][0])
        pieces = [_overlap(files[file], name, (low, high), (first, last)) for file, low, high in parts]
        found = [piece for piece in pieces if piece is not None]
        shape, dtype = types[name]
        return torch.cat(found) if found else torch.empty((0, *shape[1:]), dtype=dtype)

    return Source(path=folder, metadata=content["metadata"], types=types, read=read)


def _overlap(file: Source, name: str, held: Rows, wanted: Rows) -> Tensor | None:
    first, last = max(held[0], wanted[0]), min(held[1], wanted[1])
    return file.read(name, (first - held[0], last - held[0])) if first < last else None
