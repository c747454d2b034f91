"""From a recipe's stage and the user's changes to a trainer that is ready to run."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sfumato.errors import InputError
from sfumato.networks.weights import load_network, put_weights
from sfumato_train.checkpoint import all_checkpoints
from sfumato_train.config import STAGE, ArPriorStage, DecoderStage, LanguageStage, PriorStage, Stage
from sfumato_train.context import Context
from sfumato_train.distributed import elastic, process_group, world
from sfumato_train.loop import Task, Trainer
from sfumato_train.recipes import recipe
from sfumato_train.state import NEW
from sfumato_train.tasks import task_of


def changed(recipe_name: str, stage_name: str, settings: Sequence[str]) -> Stage:
    """The stage of a recipe with settings such as `train.ema=0.999` applied; InputError for what it does not know."""
    stages = recipe(recipe_name).stages
    if stage_name not in stages:
        known = ", ".join(stages)
        raise InputError(f"Recipe {recipe_name!r} has no stage {stage_name!r}; choose one of {known}.")
    fields = json.loads(STAGE.dump_json(stages[stage_name]))
    for setting in settings:
        _apply(fields, setting)
    try:
        return STAGE.validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise InputError(f"The setting {where} is wrong: {first['msg']}.") from error


def precomputable(stage: Stage, name: str) -> DecoderStage | PriorStage | ArPriorStage | LanguageStage:
    """The stage, if frozen networks answer in its steps; InputError for the others."""
    if not isinstance(stage, DecoderStage | PriorStage | ArPriorStage | LanguageStage):
        raise InputError(f"Stage {name!r} has nothing to precompute; choose decoder, prior, ar_prior or language.")
    return stage


def _apply(fields: dict[str, Any], setting: str) -> None:
    path, sign, text = setting.partition("=")
    *parents, last = path.split(".")
    inner: Any = fields
    for name in parents:
        inner = inner.get(name) if isinstance(inner, dict) else None
    known = isinstance(inner, dict) and last in inner and path != "kind"
    if not sign or not known or isinstance(inner[last], dict):
        raise InputError(f"There is no setting {setting!r}; write it as name=value or train.name=value.")
    try:
        inner[last] = json.loads(text)
    except json.JSONDecodeError:
        inner[last] = text


@contextmanager
def prepare(
    stage: Stage, name: str, *, data: Path, runs: Path, resume: bool, start_from: Path | None = None
) -> Iterator[Trainer]:
    """A trainer in `runs/name`, within its process group.

    One that torchrun may begin again goes on from what is there, whatever `resume` says. InputError when the folder
    holds a run already and `resume` is off, when `resume` finds nothing, or when the batch cannot be split as asked.
    """
    _check_batch(stage)
    folder = runs / name
    found = bool(all_checkpoints(folder))
    if found and not resume and not elastic():
        raise InputError(f"{folder} holds a run already; add --resume to go on with it or choose other --runs.")
    if resume and not found and not elastic():
        raise InputError(f"There is nothing to resume in {folder}; leave --resume out to begin.")
    with process_group():
        task = task_of(stage, Context(data=data, runs=runs))
        new = _begin_with(task, start_from) if start_from is not None else []
        trainer = Trainer(task, stage, folder)
        if not trainer.resume():
            trainer.notes.extend(NEW.format(what) for what in new)
        yield trainer


def _check_batch(stage: Stage) -> None:
    ranks, parts = world()[1], stage.train.accumulate
    if stage.train.batch % (ranks * parts):
        into = f"{ranks} processes" if parts == 1 else f"{ranks} processes with {parts} parts each"
        raise InputError(f"A batch of {stage.train.batch} cannot be split over {into}; use a multiple.")


def _begin_with(task: Task, checkpoint: Path) -> list[str]:
    """What of the task's network the checkpoint has not, in words."""
    network, _ = load_network(checkpoint, weights="model")
    try:
        return put_weights(task.network, network.state_dict())
    except RuntimeError as error:
        raise InputError(
            f"{checkpoint} holds another network than this stage trains; begin with one of the same sizes."
        ) from error
