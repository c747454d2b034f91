"""Checkpoints: one safetensors file a step, written beside and renamed, with the configuration inside.

Tensors: `model/…`, `ema/…`, `optim/<parameter>/<state>`. Data and noise are pure functions of the seed and the sample's
number, so the step is the only position a run has; nothing random needs saving.
"""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from sfumato.errors import BundleError, OutputError
from sfumato.networks.weights import read_tensors

_NAME = re.compile(r"step-(\d{8})\.safetensors")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All a run needs to go on, by prefix."""

    model: dict[str, Tensor]
    ema: dict[str, Tensor]
    optim: dict[str, Tensor]
    metadata: dict[str, str]


def all_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a stage, oldest first."""
    return sorted(path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name))


def newest(folder: Path) -> Path | None:
    """The newest checkpoint of a stage, or None."""
    found = all_checkpoints(folder)
    return found[-1] if found else None


def save(folder: Path, step: int, snapshot: Snapshot, *, keep: int) -> Path:
    """Write a checkpoint and remove all but the newest `keep`; OutputError when the disk refuses."""
    target = folder / f"step-{step:08d}.safetensors"
    beside = target.with_suffix(".partial")
    tensors = {
        f"{prefix}/{name}": tensor.detach().contiguous()
        for prefix in ("model", "ema", "optim")
        for name, tensor in getattr(snapshot, prefix).items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, beside, metadata=snapshot.metadata)
        _sync(beside)
        os.replace(beside, target)
        _sync(folder)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(
            f"The checkpoint {target} could not be written ({error}); free some space and resume."
        ) from error
    for old in all_checkpoints(folder)[:-keep]:
        old.unlink()
    return target


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(path: Path) -> Snapshot:
    """Read a checkpoint whole; BundleError when it is damaged."""
    model, metadata = read_tensors(path, "model/")
    ema, _ = read_tensors(path, "ema/")
    optim, _ = read_tensors(path, "optim/")
    return Snapshot(model=model, ema=ema, optim=optim, metadata=metadata)


def load_newest(folder: Path) -> tuple[Snapshot, Path, list[str]] | None:
    """The newest checkpoint that can be read, its path, and one sentence for each damaged one passed over.

    None where there is no checkpoint at all; BundleError where there are some and none can be read.
    """
    complaints: list[str] = []
    for path in reversed(all_checkpoints(folder)):
        try:
            return load(path), path, complaints
        except BundleError as error:
            complaints.append(str(error))
    if complaints:
        raise BundleError(f"No checkpoint in {folder} can be read; remove the folder to begin again.")
    return None
