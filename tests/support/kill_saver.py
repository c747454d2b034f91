"""Kills a saver with SIGKILL at every boundary and says what can be read afterwards: `kill_saver.py FOLDER SAVER`.

A process is forked for every boundary, so that PyTorch is loaded once. Prints JSON: of each boundary its name, and the
step of what can be loaded (null when nothing can).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from sfumato.errors import BundleError
from sfumato_train import checkpoint, sharded, tensorfile
from sfumato_train.checkpoint import Snapshot
from sfumato_train.disk import Disk
from support.faulty_disk import Counting, killing

Saver = Callable[[Disk, Path, int], None]


def snapshot(step: int) -> Snapshot:
    """Weights that tell their step."""
    model = {"weight": torch.full((200, 30), float(step)), "bias": torch.full((7,), float(step))}
    ema = {name: tensor.clone() for name, tensor in model.items()}
    return Snapshot(model=model, ema=ema, optim={}, metadata={"step": str(step)})


def careful(disk: Disk, folder: Path, step: int) -> None:
    """Ours, keeping one: the hardest case."""
    checkpoint.save(folder, step, snapshot(step), keep=1, disk=disk)


def in_parts(disk: Disk, folder: Path, step: int) -> None:
    """Ours for FSDP."""
    disk.make_folder(folder)
    checkpoint.sweep(folder, disk)
    target = folder / f"step-{step:08d}.sharded"
    sharded.write(disk, target, snapshot(step).tensors(), {"step": str(step)}, 0, 1)
    checkpoint.prune(folder, step, keep=1, disk=disk)


def in_place(disk: Disk, folder: Path, step: int) -> None:
    """The control: writes over the one checkpoint that there is."""
    disk.make_folder(folder)
    entries = {name: tensorfile.entry(tensor) for name, tensor in snapshot(step).tensors().items()}
    tensorfile.write(disk, folder / "step-00000001.safetensors", entries, {"step": str(step)})
    disk.sync_folder(folder)


SAVERS: dict[str, Saver] = {"careful": careful, "in_parts": in_parts, "in_place": in_place}


def readable(folder: Path) -> int | None:
    """The step of what can be loaded, if its weights are those of that step."""
    try:
        found = checkpoint.load_newest(folder)
    except BundleError:
        return None
    if found is None:
        return None
    read, step = found[0], int(found[0].metadata["step"])
    same = all(torch.equal(read.tensors()[name], value) for name, value in snapshot(step).tensors().items())
    return step if same else None


def killed_at(boundary: int, folder: Path, saver: Saver) -> bool:
    """Save step 2 over step 1 in a process that dies at a boundary; whether it did."""
    shutil.rmtree(folder, ignore_errors=True)
    saver(Disk(), folder, 1)
    child = os.fork()
    if child == 0:
        saver(killing(boundary), folder, 2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(folder: Path, saver: Saver) -> None:
    """Every boundary in turn."""
    counting = Counting()
    saver(Disk(), folder, 1)
    saver(counting, folder, 2)
    found = []
    for number, name in enumerate(counting.crossed, 1):
        assert killed_at(number, folder, saver), f"boundary {number} ({name}) was not reached"
        before = readable(folder)
        saver(Disk(), folder, 3)  # and the run goes on
        found.append([name, before, readable(folder)])
    print(json.dumps(found))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), SAVERS[sys.argv[2]])
