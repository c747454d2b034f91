"""One stage of a recipe: how fast its full training step is, of what, and what holds it up.

The step is the trainer's: loss under autocast, backward, clipped gradients, fused AdamW, EMA. Earlier stages
that a task needs are freshly initialised, which changes no shape and so no time.
"""

import resource
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bench.matmul import DTYPES, matmul_rate
from sfumato.errors import InputError
from sfumato.networks.autoencoder import Autoencoder
from sfumato.networks.clip import Clip
from sfumato_train.config import AutoencoderStage, ClipStage, Recipe, Stage
from sfumato_train.context import Context
from sfumato_train.features.make import precompute, wanted
from sfumato_train.loop import Batch, Trainer
from sfumato_train.tasks import task_of

FLOP_SAMPLES = 2
FEATURES = 256
"""Samples that a precomputed row learns from: its step costs the same for any number."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one stage. Rates are a second; times are seconds a step, medians.

    cpu_seconds: of the CPU in a step, which other work on the machine does not stretch. flops: a sample,
    forward and backward, earlier networks included. share_bf16, share_fp32: of the matrix-product rate
    measured just before. bound: what a step with its data in the background waits for.
    """

    batch: int
    parameters: int
    arithmetic: str
    samples_per_second: float
    step_seconds: float
    compute_seconds: float
    update_seconds: float
    cpu_seconds: float
    data_samples_per_second: float
    flops: float
    flops_per_second: float
    matmul: dict[str, float]
    share_bf16: float
    share_fp32: float
    bound: str


@dataclass(frozen=True, kw_only=True)
class Untrained(Context):
    """A context in which every earlier stage is there, with random weights."""

    recipe: Recipe

    def trained(self, stage: str) -> nn.Module:
        """The network of a stage of the recipe, frozen."""
        config = self.recipe.stages[stage]
        if isinstance(config, ClipStage):
            network: nn.Module = Clip(config.network)
        elif isinstance(config, AutoencoderStage):
            network = Autoencoder(config.network)
        else:
            raise InputError(f"No stage builds on {stage!r}; choose a recipe whose stages do.")
        return network.eval().requires_grad_(False)

    def digest(self, stage: str) -> str:
        """All random weights are alike: features are made and read by one process."""
        return f"{stage} untrained"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The two halves of a step and the CPU time of both, in seconds."""

    compute: float
    update: float
    cpu: float


def measure_stage(
    context: Untrained, name: str, *, seconds: float, batch: int | None = None, features: Path | None = None
) -> Figures:
    """Trains the stage for about `seconds` on one batch made beforehand, after a warm-up step.

    With `features` it learns from those of a few samples, which are made in that folder first.
    """
    stage: Any = context.recipe.stages[name]
    stage = stage if batch is None else replace(stage, train=replace(stage.train, batch=batch))
    if features is not None:
        stage = replace(stage, precomputed=True, features=str(features))
        precompute(wanted(stage, context, features, samples=FEATURES, rows=FEATURES))
    matmul = {kind: matmul_rate(dtype, seconds=min(1.0, seconds)) for kind, dtype in DTYPES.items()}
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(task_of(stage, context), stage, Path(folder))
        made, made_seconds = _data(trainer, stage, seconds)
        flops = flops_of(trainer, _first(made, FLOP_SAMPLES))
        trainer.network.train()
        step(trainer, made)
        steps = [step(trainer, made)[0]]
        while sum(one.compute + one.update for one in steps) < seconds:
            steps.append(step(trainer, made)[0])
    return figures(
        steps, batch=stage.train.batch, made_seconds=made_seconds, flops=flops, matmul=matmul, trainer=trainer
    )


def figures(
    steps: list[Step], *, batch: int, made_seconds: float, flops: float, matmul: dict[str, float], trainer: Any
) -> Figures:
    """The stage's figures from its steps; made_seconds: for one sample's data."""
    compute, update = (median(getattr(one, part) for one in steps) for part in ("compute", "update"))
    whole = compute + update
    rate = batch / whole
    return Figures(
        batch=batch,
        arithmetic="bf16" if trainer.bf16 else "fp32",
        parameters=sum(p.numel() for p in trainer.network.parameters()),
        samples_per_second=rate,
        step_seconds=whole,
        compute_seconds=compute,
        update_seconds=update,
        cpu_seconds=median(one.cpu for one in steps),
        data_samples_per_second=1 / made_seconds,
        flops=flops,
        flops_per_second=flops * rate,
        matmul=matmul,
        share_bf16=flops * rate / matmul["bf16"],
        share_fp32=flops * rate / matmul["fp32"],
        bound=bound(compute=compute, update=update, data=batch * made_seconds),
    )


def bound(*, compute: float, update: float, data: float) -> str:
    """What takes longest, in seconds a step: data is made beside the other two, which follow one another."""
    if data > compute + update:
        return "data"
    return "forward and backward" if compute >= update else "optimiser and EMA"


def step(trainer: Trainer, batch: Batch) -> tuple[Step, float]:
    """One full training step, and its loss."""
    cpu, start = _cpu_seconds(), perf_counter()
    loss = _loss(trainer, batch)
    loss.backward()
    middle = perf_counter()
    trained = [p for p in trainer.network.parameters() if p.grad is not None]
    nn.utils.clip_grad_norm_(trained, trainer.config.optim.clip)
    trainer.state.optim.step()
    trainer.state.emas.update(trainer.network)
    trainer.state.optim.zero_grad(set_to_none=True)
    end = perf_counter()
    return Step(compute=middle - start, update=end - middle, cpu=_cpu_seconds() - cpu), loss.item()


def flops_of(trainer: Trainer, batch: Batch) -> float:
    """Operations a sample, forward and backward, as PyTorch counts those of products, convolutions, attention."""
    trainer.network.train()
    with FlopCounterMode(display=False) as counter:
        _loss(trainer, batch).backward()
    trainer.state.optim.zero_grad(set_to_none=True)
    return counter.get_total_flops() / len(next(iter(batch.values())))


def _loss(trainer: Trainer, batch: Batch) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=trainer.bf16):
        return trainer.task.loss(trainer.network, batch)["loss"]


def _data(trainer: Trainer, stage: Stage, seconds: float) -> tuple[Batch, float]:
    """A batch of the stage's size, and the seconds that a sample takes to make, over whole batches."""
    size = stage.train.batch
    made, first = trainer.task.batch(0, size), size
    times: list[float] = []
    while not times or sum(times) < seconds:
        start = perf_counter()
        made = trainer.task.batch(first, size)
        times.append(perf_counter() - start)
        first += size
    return made, median(times) / size


def _first(batch: Batch, count: int) -> Batch:
    return {name: tensor[:count] for name, tensor in batch.items()}


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
