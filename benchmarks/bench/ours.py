"""Our own training loop for the races: on the fly or from features made beforehand, with other habits where asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch

from bench.plain import attention
from bench.training import step
from sfumato_train.context import Context
from sfumato_train.ema import Emas
from sfumato_train.features.key import UNIT
from sfumato_train.features.make import precompute, wanted
from sfumato_train.features.store import part_name
from sfumato_train.loop import Trainer
from sfumato_train.precision import BF16, choose
from sfumato_train.tasks import task_of

EVERY_WAY = {
    ", contiguous": (True, False),
    ", fused attention": (False, True),
    ", contiguous, fused attention": (True, True),
}
"""Habits of ours exchanged: (contiguous kernels, PyTorch's fused attention)."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A stage that learns from features in a folder, and what one of these cost: CPU seconds and bytes of disk."""

    stage: Any
    seconds: float
    bytes: float


def kept(stage: Any, context: Context, folder: Path, *, samples: int) -> Kept:
    """Make the features of a stage's first samples, rounded up to whole units, in one part."""
    rows = UNIT * -(-samples // UNIT)
    want = wanted(stage, context, folder, samples=rows, rows=rows)
    times: list[float] = []
    precompute(want, progress=lambda _done, _total: times.append(process_time()))
    # The first of them is the part of sheets, and what lies between it and the next one begins the making.
    units = [after - before for before, after in pairwise(times[1:])]
    seconds = median(units or [0.0]) / UNIT
    size = (want.folder / part_name(0)).stat().st_size / rows
    return Kept(stage=replace(stage, precomputed=True, features=str(folder)), seconds=seconds, bytes=size)


def our_loop(
    stage: Any, context: Context, folder: Path, *, contiguous: bool = False, fused: bool = False
) -> Callable[[], object]:
    """A step of our trainer with its data, each time on the next batch."""
    task: Any = task_of(stage, context)
    trainer = Trainer(task, stage, folder)
    if contiguous:
        trainer.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        trainer.state.emas = Emas(trainer.network, stage.train.ema, ())
    numbers, batch = count(), stage.train.batch

    def take() -> object:
        with attention(written_out=not fused):
            return step(trainer, task.batch(next(numbers) * batch, batch))

    return take


def arithmetic(stage: Any) -> str:
    """What our trainer computes a stage in on this machine."""
    return "bf16" if choose(stage.train.bf16, "")[0] == BF16 else "fp32"
