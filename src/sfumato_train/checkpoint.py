"""Checkpoints: written beside, synced, renamed, synced again; the last few kept; each checked before it is trusted.

One file a step, `step-00001000.safetensors`, with the configuration inside, or (of a run spread by FSDP) one folder a
step, `step-00001000.sharded` (see sharded.py). Tensors: `model/…`, `ema/…`, `ema@0.99/…` for every further average,
`optim/<parameter>/<state>`, `random/<rank>`. Metadata: kind, network, stage, step, samples, position, precision.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from sfumato.errors import BundleError, OutputError
from sfumato.networks.weights import read_tensors
from sfumato_train import sharded, tensorfile
from sfumato_train.disk import DISK, Disk, remove_tree, require
from sfumato_train.distributed import world
from sfumato_train.position import position_in
from sfumato_train.sharded import INDEX
from sfumato_train.source import Source, file_source, unreadable

_NAME = re.compile(r"step-(\d{8})\.(safetensors|sharded)")
_LEFT = re.compile(r"step-\d{8}\.(partial|sharded-partial)")
_JOINING = "step-*.joining-*"
_FORGOTTEN = 3600.0  # seconds after which what a process was joining is taken for left behind


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All a run needs to go on, by prefix; `more` has its prefixes in its names."""

    model: dict[str, Tensor]
    ema: dict[str, Tensor]
    optim: dict[str, Tensor]
    metadata: dict[str, str]
    more: dict[str, Tensor] = field(default_factory=dict)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by its name in the file."""
        named = {"model": self.model, "ema": self.ema, "optim": self.optim}
        inside = {f"{prefix}/{name}": value for prefix, part in named.items() for name, value in part.items()}
        return inside | self.more


def step_of(path: Path) -> int:
    """The step that a checkpoint was written at."""
    found = _NAME.fullmatch(path.name)
    assert found is not None, f"{path} has no checkpoint's name"
    return int(found[1])


def all_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a stage, oldest first; of one step's folder and file the file comes last."""
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)]
    whole = [path for path in found if path.suffix == ".safetensors" or (path / INDEX).exists()]
    return sorted(whole, key=lambda path: (step_of(path), path.suffix == ".safetensors"))


def newest(folder: Path, *, disk: Disk = DISK) -> Path | None:
    """The file of the newest checkpoint of a stage, or None.

    What FSDP wrote in parts is joined to one file first, beside them. Raises BundleError when a part is damaged and
    OutputError when there is no room for the file.
    """
    found = all_checkpoints(folder)
    if not found or found[-1].suffix == ".safetensors":
        return found[-1] if found else None
    return _joined(found[-1], disk)


def _joined(parts: Path, disk: Disk) -> Path:
    target = parts.with_suffix(".safetensors")
    sharded.check(parts)
    source = sharded.source(parts)
    # Every process of a later stage asks for it at the same time; each writes its own, and all are the same.
    beside = target.with_suffix(f".joining-{os.getpid()}-{world()[0]}")
    _write_whole(target, source.entries(), source.metadata, disk, beside=beside)
    return target


def save(folder: Path, step: int, snapshot: Snapshot, *, keep: int, disk: Disk = DISK) -> Path:
    """Write a checkpoint and remove all but the newest `keep` up to this step; OutputError when the disk refuses.

    The space is asked for before anything is written. Until the new file is whole, synced and named, no other is
    touched, so that a kill at any moment leaves the last good one.
    """
    target = folder / f"step-{step:08d}.safetensors"
    with _refusals(target):
        disk.make_folder(folder)
        sweep(folder, disk)
    entries = {name: tensorfile.entry(tensor) for name, tensor in snapshot.tensors().items()}
    _write_whole(target, entries, snapshot.metadata, disk, beside=target.with_suffix(".partial"))
    prune(folder, step, keep=keep, disk=disk)
    return target


def _write_whole(
    target: Path, entries: dict[str, tensorfile.Entry], metadata: dict[str, str], disk: Disk, *, beside: Path
) -> None:
    with _refusals(target):
        try:
            require(disk, target.parent, tensorfile.size(entries))
            tensorfile.write(disk, beside, entries, metadata)
            disk.rename(beside, target)
            disk.sync_folder(target.parent)
        except OSError:
            with contextlib.suppress(OSError):
                disk.remove(beside)
            raise


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The checkpoint {target} could not be written ({error}); free some space and resume."
        ) from error


def sweep(folder: Path, disk: Disk) -> None:
    """Remove what a killed process left half-written: it may be what fills the disk. Raises OSError."""
    forgotten = [path for path in folder.glob(_JOINING) if time.time() - path.stat().st_mtime > _FORGOTTEN]
    for path in sorted([*forgotten, *(path for path in folder.iterdir() if _LEFT.fullmatch(path.name))]):
        if path.is_dir():
            remove_tree(disk, path)
        else:
            disk.remove(path)


def prune(folder: Path, step: int, *, keep: int, disk: Disk) -> None:
    """Keep the checkpoints of the last `keep` steps up to `step`, the one just written.

    Later ones are not counted: they were passed over as damaged, or a run was begun again from an earlier one.
    One that cannot be removed is left: the run goes on, and a full disk is told by the next save.
    """
    past = [path for path in all_checkpoints(folder) if step_of(path) <= step]
    kept = sorted({step_of(path) for path in past})[-keep:]
    for old in past:
        if step_of(old) not in kept:
            with contextlib.suppress(OSError):
                remove_tree(disk, old, first=INDEX) if old.is_dir() else disk.remove(old)


def load(path: Path) -> Snapshot:
    """Read a checkpoint file whole; BundleError when it is damaged."""
    tensors, metadata = read_tensors(path, "")
    metadata.pop(tensorfile.DIGEST, None)
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "optim": {}}
    more: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        prefix, _, rest = name.partition("/")
        if prefix in parts:
            parts[prefix][rest] = tensor
        else:
            more[name] = tensor
    return Snapshot(**parts, metadata=metadata, more=more)


def source(path: Path) -> Source:
    """What a checkpoint, file or folder, holds, read tensor by tensor; BundleError when it cannot be opened."""
    return sharded.source(path) if path.is_dir() else file_source(path)


def check(path: Path) -> None:
    """BundleError when a checkpoint is not what was written, or its position contradicts itself."""
    (sharded.check if path.is_dir() else tensorfile.check)(path)
    try:
        position_in(source(path).metadata)
    except (KeyError, ValueError, TypeError) as error:
        raise unreadable(path, error) from error


def newest_good(folder: Path) -> tuple[Path | None, list[str], list[Path]]:
    """The newest checkpoint that can be read, a sentence for each damaged one passed over, and those.

    None where there is no checkpoint at all; BundleError where there are some and none can be read.
    """
    complaints: list[str] = []
    damaged: list[Path] = []
    for path in reversed(all_checkpoints(folder)):
        try:
            check(path)
        except BundleError as error:
            complaints.append(str(error))
            damaged.append(path)
        else:
            return path, complaints, damaged
    if complaints:
        raise BundleError(f"No checkpoint in {folder} can be read; remove the folder to begin again.")
    return None, [], []


def load_newest(folder: Path) -> tuple[Snapshot, Path, list[str]] | None:
    """The newest checkpoint that can be read, its path, and one sentence for each damaged one passed over.

    None where there is no checkpoint at all; BundleError where there are some and none can be read.
    """
    path, complaints, _ = newest_good(folder)
    if path is None:
        return None
    file = path if path.is_file() else _joined(path, DISK)
    return load(file), path, complaints


def set_aside(path: Path, *, disk: Disk = DISK) -> None:
    """Take a damaged checkpoint out of the count: `.damaged` is added to its name. A disk that refuses is let be."""
    with contextlib.suppress(OSError):
        disk.rename(path, path.with_name(f"{path.name}.damaged"))
