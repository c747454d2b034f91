"""All that a run is between two steps: put into a checkpoint, and taken out of one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.errors import BundleError, InputError
from sfumato.networks.weights import config_json, training_only
from sfumato_train import checkpoint, sharded
from sfumato_train.config import STAGE, Stage
from sfumato_train.disk import DISK
from sfumato_train.distributed import everyones, same, summed, together, world
from sfumato_train.ema import Emas
from sfumato_train.optim import optimiser_state, read_optimiser_state
from sfumato_train.parts import local
from sfumato_train.position import Position, position_in
from sfumato_train.randomness import random_state, set_random_state
from sfumato_train.samples import TrainingError
from sfumato_train.source import Source

NEW = "{} is new; it begins untrained."


@dataclass(kw_only=True)
class State:
    """What a step changes. `bad_steps`: losses in a row that were not finite; `replaced`: samples that could not be
    made, on this rank; `precision`: what is computed in.

    What makes a resume exact: weights, averages and moments with their counters, the step (of which the rate is a
    function), the next sample of every rank and worker, every random state of every rank, the bad steps so far.
    """

    stage: Stage
    network: nn.Module
    optim: torch.optim.Optimizer
    emas: Emas
    precision: str
    step: int = 0
    samples: int = 0
    bad_steps: int = 0
    replaced: int = 0
    notes: list[str] = field(default_factory=list)

    def position(self) -> Position:
        """Where the run is, as its present settings divide the samples."""
        train = self.stage.train
        return Position(
            step=self.step,
            samples=self.samples,
            batch=train.batch,
            ranks=world()[1],
            workers=train.workers,
            accumulate=train.accumulate,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by its name in a checkpoint; all ranks must call it."""
        averages = [
            {f"{name}/{key}": value for key, value in ema.state.items()} for name, ema in self.emas.kept.items()
        ]
        model = {f"model/{name}": value for name, value in self.network.state_dict().items()}
        optim = {f"optim/{name}": value for name, value in optimiser_state(self.network, self.optim).items()}
        random = {f"random/{rank}": value for rank, value in enumerate(everyones(random_state()))}
        return {name: value for part in (model, *averages, optim, random) for name, value in part.items()}

    def metadata(self) -> dict[str, str]:
        """Every number; all ranks must call it."""
        counters = {"bad_steps": self.bad_steps, "ema_updates": self.emas.main.updates}
        counters["replaced"] = int(summed(torch.tensor(self.replaced)))
        return {
            "kind": self.stage.kind,
            "network": config_json(self.stage.network),
            "stage": STAGE.dump_json(self.stage).decode(),
            "step": str(self.step),
            "samples": str(self.samples),
            "position": self.position().to_json(),
            "precision": self.precision,
            "counters": json.dumps(counters),
        }


def save(state: State, folder: Path) -> None:
    """Write a checkpoint; all ranks must call it.

    Raises OutputError on all of them when the disk refuses one, and TrainingError when the weights are not finite.
    """
    rank, ranks = world()
    tensors, metadata = state.tensors(), state.metadata()
    _check_finite(tensors, state.step, folder)
    keep = state.stage.train.keep
    spread = state.stage.train.parallel == "fsdp" and ranks > 1
    target = folder / f"step-{state.step:08d}.sharded"

    def whole() -> None:
        if rank == 0:
            snapshot = checkpoint.Snapshot(model={}, ema={}, optim={}, metadata=metadata, more=tensors)
            checkpoint.save(folder, state.step, snapshot, keep=keep)

    def begin() -> None:
        if rank == 0:
            folder.mkdir(parents=True, exist_ok=True)
            checkpoint.sweep(folder, DISK)

    if not spread:
        together(whole, failure=f"The checkpoint in {folder} could not be written")
        return
    together(begin, failure=f"The checkpoint {target} could not be written")
    sharded.write(DISK, target, tensors, metadata, rank, ranks)
    if rank == 0:
        checkpoint.prune(folder, state.step, keep=keep, disk=DISK)


def _check_finite(tensors: Mapping[str, Tensor], step: int, folder: Path) -> None:
    """A checkpoint that could not be trained from would, in time, push out the last good ones."""
    floating = [local(value) for value in tensors.values() if value.is_floating_point()]
    bad = sum(int(not bool(torch.isfinite(value).all())) for value in floating)
    if int(summed(torch.tensor(bad))):
        good = [path.name for path in checkpoint.all_checkpoints(folder)]
        last = f"{good[-1]} is the last good checkpoint" if good else "there is no checkpoint yet"
        raise TrainingError(
            f"The weights are not finite after step {step}, and were not saved; {last}; "
            "go on from there with a lower learning rate."
        )


def find(folder: Path) -> tuple[Path | None, list[str]]:
    """The checkpoint to go on from, the same on every rank, and a sentence for each that is damaged.

    Damaged ones are renamed, so that they are not counted among the last good ones that are kept.
    """
    told = same(_find(folder) if world()[0] == 0 else "")
    name, complaints, error = json.loads(told)
    if error:
        raise BundleError(error)
    return (folder / name if name else None), complaints


def _find(folder: Path) -> str:
    try:
        path, complaints, damaged = checkpoint.newest_good(folder)
    except BundleError as error:
        return json.dumps([None, [], str(error)])
    for old in damaged:
        checkpoint.set_aside(old)
    return json.dumps([path.name if path else None, complaints, ""])


def precision_before(folder: Path) -> str:
    """What the newest checkpoint was computed in; empty when there is none or it does not tell."""
    found = checkpoint.all_checkpoints(folder)
    try:
        return checkpoint.source(found[-1]).metadata.get("precision", "") if found else ""
    except BundleError:
        return ""


def restore(state: State, path: Path) -> None:
    """Go on from a checkpoint, whole or in parts, of any number of processes. What changes is told in the notes.

    Raises InputError when it is of another network.
    """
    source = checkpoint.source(path)
    try:
        _restore_tensors(state, source)
    except (RuntimeError, KeyError) as error:
        raise InputError(
            f"{path} holds a network of other sizes; resume with the settings that the run began with."
        ) from error
    position = position_in(source.metadata) or Position(step=int(source.metadata["step"]), samples=0, batch=1)
    state.step, state.samples = position.step, position.samples
    _restore_counters(state, json.loads(source.metadata.get("counters", "{}")))
    own = f"random/{world()[0]}"
    if own in source.types:
        set_random_state(source.read(own, None))
    if position.batch != state.stage.train.batch:
        state.notes.append(
            f"The batch changes from {position.batch} to {state.stage.train.batch}; sample {position.samples} is next."
        )


def _restore_tensors(state: State, source: Source) -> None:
    model = state.network.state_dict()
    fresh = _fresh(state, source)
    if set(model) - fresh != set(source.under("model")):
        raise KeyError("the names of the weights differ")
    for name in set(model) - fresh:
        source.fill(model[name], f"model/{name}")
    for name, ema in state.emas.kept.items():
        stored = name if source.under(name) else "ema"
        if stored != name:
            state.notes.append(f"The average {name} is new; it begins as a copy of ema.")
        for key in set(ema.state) - fresh:
            source.fill(ema.state[key], f"{stored}/{key}")
    read_optimiser_state(state.network, state.optim, source)


def _fresh(state: State, source: Source) -> set[str]:
    """Parameters that only training uses and that a checkpoint from before has not: they stay as they are."""
    known, parts = set(source.under("model")), training_only(state.network)
    fresh = parts.keys() - known
    state.notes += [NEW.format(what) for what in sorted({parts[name] for name in fresh})]
    return fresh


def _restore_counters(state: State, counters: dict[str, Any]) -> None:
    state.bad_steps = counters.get("bad_steps", 0)
    state.replaced = counters.get("replaced", 0) if world()[0] == 0 else 0
    for ema in state.emas.kept.values():
        ema.updates = counters.get("ema_updates", state.step)
