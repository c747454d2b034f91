"""What each process of a test of parallel training does: `torchrun … spread_runs.py FOLDER SCENARIO`.

FOLDER/alone holds a run of one process, to be gone on with.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from pathlib import Path

import torch

from sfumato.errors import OutputError
from sfumato_train import state
from sfumato_train.config import OptimConfig
from sfumato_train.distributed import process_group, world
from sfumato_train.loop import Stopped, Trainer
from support.faulty_disk import refusing
from support.numbered import NumberedTask, numbered_stage

MUON = OptimConfig(name="muon", learning_rate=1e-2, warmup=2)
RESTARTED = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
WAYS: dict[str, dict[str, object]] = {
    "ddp": {"workers": 1, "accumulate": 2},
    "fsdp": {"parallel": "fsdp", "workers": 2, "accumulate": 2, "sheet_every": 3},
    "fsdp-muon": {"parallel": "fsdp", "optim": MUON, "recompute": True},
    "fsdp-bf16": {"parallel": "fsdp", "bf16": True},
}
STEPS = 6


def run(folder: Path, **settings: object) -> Trainer:
    """Train in a folder from what is there to the last step."""
    order = folder.parent / f"order-{folder.name}-{world()[0]}.jsonl"
    trainer = Trainer(NumberedTask(order=order), numbered_stage(**({"steps": STEPS} | settings)), folder)
    trainer.resume()
    trainer.run()
    return trainer


def spread(folder: Path) -> None:
    """Train in every way, and go on with a run of one process in both formats."""
    for name, settings in WAYS.items():
        run(folder / name, **settings)
    for parallel in ("ddp", "fsdp"):
        there = folder / f"from-alone-{parallel}"
        if world()[0] == 0:
            shutil.copytree(folder / "alone", there)
        torch.distributed.barrier()
        run(there, parallel=parallel, steps=2 * STEPS)
    refused(folder / "fsdp")


def refused(folder: Path) -> None:
    """The disk of one rank fails while an FSDP checkpoint is written: both must hear of it, and the last one stays."""
    trainer = Trainer(NumberedTask(), numbered_stage(steps=STEPS, parallel="fsdp"), folder)
    trainer.resume()
    trainer.state.step += 1
    if world()[0] == 1:
        state.DISK = refusing(2, errno.EIO)  # type: ignore[misc]
    try:
        state.save(trainer.state, folder)
    except OutputError as error:
        (folder.parent / f"refused-{world()[0]}").write_text(str(error))


def elastic(folder: Path, *, dies: bool = True) -> None:
    """Rank 1 dies in the middle of step 5 of its first life."""

    def die(count: int) -> None:
        if dies and count == 4 and world()[0] == 1 and not RESTARTED:
            os.kill(os.getpid(), signal.SIGKILL)

    task = NumberedTask(order=folder / f"order-{world()[0]}.jsonl", drop=0.2, before_loss=die)
    trainer = Trainer(task, numbered_stage(steps=8, workers=1), folder / "run")
    trainer.resume()
    (folder / f"from-{world()[0]}-{int(RESTARTED)}").write_text(str(trainer.step))
    trainer.run()


def steady(folder: Path) -> None:
    """The same and nobody dies."""
    elastic(folder, dies=False)


def terminated(folder: Path) -> None:
    """Trains until it is told to stop; notes the step and the exit code."""
    trainer = Trainer(NumberedTask(), numbered_stage(steps=10**6, log_every=10**6, save_every=10**6), folder / "run")

    def ready(_count: int) -> None:
        (folder / f"begun-{world()[0]}").touch()

    trainer.task = NumberedTask(before_loss=ready)
    try:
        trainer.run()
    except Stopped as stopped:
        (folder / f"stopped-{world()[0]}").write_text(f"{trainer.step} {stopped.code} {stopped}")
        sys.exit(stopped.code)


SCENARIOS = {"spread": spread, "elastic": elastic, "steady": steady, "terminated": terminated}

if __name__ == "__main__":
    torch.set_num_threads(1)
    with process_group():
        SCENARIOS[sys.argv[2]](Path(sys.argv[1]))
