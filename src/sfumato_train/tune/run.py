"""A folder of pictures becomes a model: gather, prepare, train, install."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle, fingerprint
from sfumato.engine.openvino import OpenVINOEngine
from sfumato.errors import InputError
from sfumato.networks.decoder import Decoder
from sfumato.pipeline.decoder import from_space
from sfumato.pipeline.model import load_model
from sfumato_train.checkpoint import all_checkpoints, load_newest
from sfumato_train.config import STAGE, TuneStage
from sfumato_train.loop import Report, Trainer
from sfumato_train.recover.decoder import from_checkpoint, recover_decoder
from sfumato_train.tune import prepared as files
from sfumato_train.tune.frozen import Frozen
from sfumato_train.tune.install import Told, install, target_of
from sfumato_train.tune.pictures import Gathered, gather
from sfumato_train.tune.prepare import prepare, style_words
from sfumato_train.tune.prepared import Prepared
from sfumato_train.tune.settings import Method, PrepareSettings, tune_stage
from sfumato_train.tune.task import TuneTask, weights_of

Tick = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """What the user may choose.

    runs: training checkpoints to take the decoder from, in the place of the bundle's. minutes: of training. rate: the
    learning rate, None for the method's. preserve: how many drawings of the model as it was are learnt too.
    """

    name: str
    model: str | Path = "sticker"
    method: Method = "lora"
    rank: int = 16
    batch: int = 16
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    rate: float | None = None
    preserve: int = 32
    runs: Path | None = None
    resume: bool = False
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The model, where it is, and the loss on held-out pictures before and after (None where none were held out)."""

    manifest: Manifest
    target: Path
    style: str
    steps: int
    pictures: int
    broken: tuple[str, ...]
    before: float | None
    after: float | None


MINUTES = 15.0


def tune(folder: Path, options: TuneOptions, *, tick: Tick, note: Callable[[str], None]) -> Tuned:
    """Train on the pictures of a folder and install the model under its name. tick: a part of the work, done and total;
    note: sentences that the user should read on the way.

    Raises InputError for what cannot be used, BundleError for a model that cannot be tuned, OutputError when the disk
    refuses, and Stopped, after saving, when it is interrupted.
    """
    target = target_of(options.name, replacing=options.replace or options.resume)
    work = work_folder(target)
    stage = _stage_before(work, options)
    gathered = gather(folder)
    if gathered.broken:
        note(f"{len(gathered.broken)} of the pictures cannot be used: {' '.join(gathered.broken[:5])}")
    bundle = Bundle.open(options.model)
    frozen = Frozen(load_model(OpenVINOEngine(bundle)))
    decoder = recover_decoder(bundle) if options.runs is None else _fitting(from_checkpoint(options.runs), bundle)
    tick("bringing the decoder back", 1, 1)
    stage = stage or _new_stage(decoder, bundle.manifest, options)
    prepared = _prepared(gathered, frozen, bundle, stage, options, work, tick)
    task = _task(stage, decoder, prepared, frozen)
    before = task.measure(task.network.eval())
    trainer = Trainer(task, stage, work)
    trainer.resume()
    trainer.run(minutes=_minutes(options), report=_reporter(options, tick))
    after = _finish(trainer, task)
    made = Decoder(stage.network)
    made.load_state_dict(after.weights)
    told = Told(
        style=style_words(options.name),
        pictures=len(task.learnt),
        folder=folder.resolve().name,
        method=stage.method,
        steps=trainer.step,
        before=before,
        after=after.loss,
    )
    manifest = install(bundle, made, target, told)
    tick("installing", 1, 1)
    return Tuned(
        manifest=manifest,
        target=target,
        style=told.style,
        steps=trainer.step,
        pictures=told.pictures,
        broken=gathered.broken,
        before=before,
        after=after.loss,
    )


def work_folder(target: Path) -> Path:
    """Where a run keeps what it needs to go on: beside the models, under a hidden name."""
    return target.parent / ".tuning" / target.name


def _stage_before(work: Path, options: TuneOptions) -> TuneStage | None:
    """The stage of the run that is resumed; None for a new one, whose folder is emptied where it may be."""
    if options.resume:
        found = load_newest(work)
        if found is None and not work.exists():
            raise InputError(f"There is nothing to resume in {work}; leave --resume out to begin.")
        if found is None:
            return None
        stage: Any = STAGE.validate_json(found[0].metadata["stage"])
        steps = stage.train.steps if options.steps is None else options.steps
        resumed: TuneStage = replace(stage, train=replace(stage.train, steps=steps))
        return resumed
    if all_checkpoints(work) and not options.replace:
        raise InputError(f"{work} holds a run already; go on with --resume, or begin again with --replace.")
    shutil.rmtree(work, ignore_errors=True)
    return None


def _new_stage(decoder: Decoder, manifest: Manifest, options: TuneOptions) -> TuneStage:
    return tune_stage(
        decoder.config,
        method=options.method,
        rank=options.rank,
        schedule=manifest.stages.decoder.schedule,
        steps=options.steps,
        batch=options.batch,
        seed=options.seed,
        learning_rate=options.rate,
    )


def _fitting(decoder: Decoder, bundle: Bundle) -> Decoder:
    """A decoder from a checkpoint must be one that the bundle's other parts can work with."""
    config, manifest = decoder.config, bundle.manifest
    space = (config.channels, config.size) == (manifest.space.channels, manifest.space.size)
    if not space or (config.embedding, config.text_width) != (manifest.embedding.dim, manifest.text.width):
        raise InputError(
            f"The decoder in --runs has other sizes than the model {manifest.name}; name the model it is of."
        )
    return decoder


def _prepared(
    gathered: Gathered,
    frozen: Frozen,
    bundle: Bundle,
    stage: TuneStage,
    options: TuneOptions,
    work: Path,
    tick: Tick,
) -> Prepared:
    settings = PrepareSettings(seed=stage.train.seed, preserved=options.preserve)
    style = style_words(options.name)
    shown = [(example.sha256, example.captions, example.path.stem) for example in gathered.examples]
    own = [fingerprint(bundle.file(graph.weights)).sha256 for graph in bundle.manifest.graphs.values()]
    key = files.key_of(shown, style, settings, own)
    found = files.load(work, key)
    if found is not None:
        return found
    if all_checkpoints(work):
        raise InputError(
            f"Pictures, captions or model are not those that the run in {work} began with; begin again with --replace."
        )
    made = prepare(gathered.examples, frozen, style, settings, tick=tick)
    files.save(made, work, key)
    return made


def _task(stage: TuneStage, decoder: Decoder, prepared: Prepared, frozen: Frozen) -> TuneTask:
    def to_pictures(x_0: Tensor) -> Tensor:
        points = x_0.numpy()
        rows = [torch.from_numpy(from_space(frozen.engine, points[i : i + 1])) for i in range(len(points))]
        return torch.cat(rows)

    max_tokens = frozen.model.manifest.text.max_tokens
    return TuneTask(stage, decoder, prepared, max_tokens=max_tokens, to_pictures=to_pictures)


@dataclass(frozen=True, kw_only=True, eq=False)
class _After:
    weights: dict[str, Tensor]
    loss: float | None


def _finish(trainer: Trainer, task: TuneTask) -> _After:
    """The averaged weights as a plain decoder's, and their loss on held-out pictures."""
    trainer.write_sheet()
    with trainer.parallel.holding(trainer.state.emas.main.state) as network:
        weights = {name: value.clone() for name, value in weights_of(network, task.stage.method).items()}
        return _After(weights=weights, loss=task.measure(network))


def _minutes(options: TuneOptions) -> float:
    if options.minutes is not None:
        return options.minutes
    return MINUTES if options.steps is None else math.inf


def _reporter(options: TuneOptions, tick: Tick) -> Callable[[Report], None]:
    """Progress in steps where they end the run, else in seconds."""
    minutes = _minutes(options)

    def report(report: Report) -> None:
        if math.isinf(minutes):
            tick("training (steps)", report.step, report.steps)
        else:
            total = max(1, round(60 * minutes))
            tick("training (seconds)", min(total, round(report.seconds)), total)

    return report
