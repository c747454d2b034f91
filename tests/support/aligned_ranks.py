"""What each process of a test of aligned training does: `torchrun … aligned_ranks.py FOLDER DATA RUNS`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sfumato_train.context import Context
from sfumato_train.distributed import process_group, world
from sfumato_train.loop import Trainer
from sfumato_train.tasks.decoder import DecoderTask
from support.stages import STAGES, aligned

STEPS = 3
ALIGNED = aligned(STAGES["decoder"])
STAGES_BY_WAY: dict[str, dict[str, Any]] = {
    "ddp": {},
    "fsdp": {"parallel": "fsdp"},
    "recomputed": {"recompute": True, "accumulate": 2},
}


def run(folder: Path, context: Context, *, weight: float = ALIGNED.alignment, **train: Any) -> None:
    """Train the decoder for a few steps."""
    settings = replace(ALIGNED.train, batch=8, steps=STEPS, **train)
    stage = replace(ALIGNED, alignment=weight, train=settings)
    Trainer(DecoderTask(stage, context), stage, folder).run()


def main(folder: Path, data: Path, runs: Path) -> None:
    """Every way, and a perceptron that is not trained."""
    torch.set_num_threads(1)
    with process_group():
        for name, settings in STAGES_BY_WAY.items():
            run(folder / name, Context(data=data, runs=runs), **settings)
        run(folder / "idle", Context(data=data, runs=runs), weight=0.0)
        (folder / f"done-{world()[0]}").touch()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
