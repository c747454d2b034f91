"""Arms of a trial: decoders that differ in one setting and train for the same time on the same samples.

All arms live in one process and take turns, the one that has had least goes next. Their clock is the processor's time
in their own steps, which other work on the machine does not stretch: with one thread it is the wall time of a quiet
core. What the frozen networks say of a sample is computed once for all arms and on nobody's clock.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor

from bench.remembering import RememberingAutoencoder, RememberingClip
from bench.training import step
from sfumato.networks.weights import put_weights, read_tensors
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.loop import Trainer
from sfumato_train.optim import learning_rate
from sfumato_train.tasks.decoder import DecoderTask

Tell = Callable[[str], None]
WARMED = 10_000  # updates after which an average of any length that is used follows its own decay


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One side of a trial."""

    name: str
    stage: DecoderStage


def unaligned(stage: DecoderStage) -> DecoderStage:
    """The stage without alignment and without the perceptron that it trains."""
    return replace(stage, alignment=0.0, network=replace(stage.network, align=0))


@dataclass(frozen=True, kw_only=True)
class Shared(Context):
    """A context whose frozen networks are read once for all arms."""

    def trained(self, stage: str) -> Any:
        """The averaged network of an earlier stage, frozen."""
        return _read_once(self.data, self.runs, stage)


@lru_cache(maxsize=8)
def _read_once(data: Path, runs: Path, stage: str) -> Any:
    network = Context(data=data, runs=runs).trained(stage)
    return {"clip": RememberingClip, "autoencoder": RememberingAutoencoder}[stage](network)


@dataclass(kw_only=True, eq=False)
class Runner:
    """An arm in training: `seconds` of processor time it has had, `losses` of its steps."""

    arm: Arm
    task: DecoderTask
    trainer: Trainer
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Seen so far."""
        return len(self.losses) * self.arm.stage.train.batch


def runner(arm: Arm, context: Context, folder: Path, start: Path | None = None) -> Runner:
    """The arm before its first step; with `start` its decoder and its averages go on from that checkpoint's."""
    task = DecoderTask(arm.stage, context)
    if start is not None:
        put_weights(task.network, read_tensors(start, "model/")[0])
    trainer = Trainer(task, arm.stage, folder / arm.name.replace(" ", "-"))
    if start is not None:
        go_on_averaging(trainer, start)
    return Runner(arm=arm, task=task, trainer=trainer)


def go_on_averaging(trainer: Trainer, path: Path) -> None:
    """Every average begins as the checkpoint's and is past its own warm-up, in which all lengths are the same."""
    averaged, metadata = read_tensors(path, "ema/")
    for ema in trainer.state.emas.kept.values():
        for name, value in ema.state.items():
            if name in averaged:
                value.copy_(averaged[name])
        ema.updates = max(int(metadata["step"]), WARMED)


def train(
    arms: list[Arm],
    context: Context,
    *,
    seconds: float,
    start: Path | None,
    tell: Tell,
    wall: float = float("inf"),
) -> list[Runner]:
    """Train every arm for `seconds` of its own steps, the last of which may be over; after `wall` seconds of the clock
    on the wall all stop, within a step of one another."""
    end = monotonic() + wall
    with tempfile.TemporaryDirectory() as folder:
        runners = [runner(arm, context, Path(folder), start) for arm in arms]
        for one in runners:
            one.trainer.network.train()
        told = 0.0
        while min(one.seconds for one in runners) < seconds and monotonic() < end:
            least = min(runners, key=lambda one: one.seconds)
            take_step(least)
            if least.seconds > told + seconds / 10:
                told = least.seconds
                tell(", ".join(f"{one.arm.name} {one.seconds:.0f} s {_recent(one):.3f}" for one in runners))
    return runners


def take_step(one: Runner) -> None:
    """One step of an arm, at the rate of its schedule."""
    config = one.arm.stage.train
    for group in one.trainer.state.optim.param_groups:
        group["lr"] = learning_rate(config.optim, len(one.losses), config.steps)
    batch = one.task.batch(one.samples, config.batch)
    frozen = (one.task.clip, one.task.context.trained("autoencoder"))
    before = sum(network.seconds for network in frozen)
    taken, loss = step(one.trainer, batch)
    one.seconds += taken.cpu - (sum(network.seconds for network in frozen) - before)
    one.losses.append(loss)


def _recent(one: Runner) -> float:
    recent = one.losses[-10:]
    return sum(recent) / max(1, len(recent))


def held(one: Runner, weights: str) -> dict[str, Tensor]:
    """A copy of the decoder's weights as a set: "model", or the name of an average."""
    network = one.trainer.network
    state = network.state_dict() if weights == "model" else one.trainer.state.emas.kept[weights].state
    return {name: torch.clone(value) for name, value in state.items()}
