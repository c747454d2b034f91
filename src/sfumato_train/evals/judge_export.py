"""From a trained judge to the files that measurements use: small weights, a threshold, and its own error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as tensor_bytes

from sfumato.errors import InputError
from sfumato.networks.detector import Detector
from sfumato.networks.weights import load_network
from sfumato.picture.files import write
from sfumato_train.checkpoint import newest
from sfumato_train.config import STAGE, JudgeStage
from sfumato_train.data.store import PictureStore

from .arrays import Floats
from .composition.prompts import shared, staged, troupes, wanted_of
from .composition.rules import arranged
from .composition.score import Seen, by_task, errors, rights
from .composition.staging import Troupe
from .composition.vocabulary import Thing
from .composition.wanted import TASKS, Choices, Wanted
from .judge import CARD, FORMAT, WEIGHTS, JudgeCard, card_json, look
from .judge_card import card_text
from .progress import Progress, silent

PROMPTS, REPEATS = 80, 4
PAGE = "CARD.md"
TUNING = 1_000_003  # the threshold is chosen on other prompts and scenes than the error is measured on
THRESHOLDS = tuple(round(0.1 + 0.05 * k, 2) for k in range(16))


def export_judge(
    runs: Path,
    out: Path,
    store: PictureStore,
    *,
    prompts: int = PROMPTS,
    seed: int = 0,
    progress: Progress = silent,
) -> JudgeCard:
    """Writes the newest judge of `runs` into `out` (made if missing), its weights in half precision.

    prompts: of each task, composed four times of known and of unseen art, for the threshold and for the error.
    Raises InputError where no judge was trained.
    """
    path = newest(runs / "judge")
    if path is None:
        raise InputError(f"No judge was trained in {runs}; run `sfumato-train run judge --runs {runs.name}` first.")
    network, metadata = load_network(path)
    stage = STAGE.validate_json(metadata["stage"])
    assert isinstance(stage, JudgeStage)
    network.half().float()  # as it will be read
    known, unseen = troupes(store, stage.things)
    choices = shared(known, unseen)
    study = Study(network=network.eval(), choices=choices, prompts=prompts, progress=progress)
    tuning = study.look("threshold", unseen, seed + TUNING)
    threshold = best_threshold(tuning.wanted, tuning.found, choices, seed)
    looks = {name: study.look(name, troupe, seed) for name, troupe in (("known", known), ("unseen", unseen))}
    measured: dict[str, float] = {}
    for name, looked in looks.items():
        measured |= looked.errors(name, threshold, choices, seed)
    return write_judge(
        out,
        network,
        things=stage.things,
        features=looks["known"].features,
        threshold=threshold,
        samples=int(metadata["step"]) * stage.train.batch,
        data=str(store.build.get("index_sha256", "")),
        measured=measured,
    )


def write_judge(
    out: Path,
    network: Detector,
    *,
    things: Sequence[Thing],
    features: Floats,
    threshold: float,
    samples: int = 0,
    data: str = "",
    measured: Mapping[str, float] | None = None,
) -> JudgeCard:
    """The files of a judge; features [N,D] of real pictures give the scale of those of others."""
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    scale = {"mean": features.mean(axis=0), "spread": features.std(axis=0) + 1e-4}
    tensors |= {f"features.{name}": torch.from_numpy(values.astype(np.float32)) for name, values in scale.items()}
    weights = tensor_bytes(tensors)
    card = JudgeCard(
        format=FORMAT,
        sha256=hashlib.sha256(weights).hexdigest(),
        network=network.config,
        things=tuple(things),
        threshold=threshold,
        samples=samples,
        data=data,
        measured=dict(measured or {}),
    )
    out.mkdir(parents=True, exist_ok=True)
    write(out / WEIGHTS, weights)
    write(out / CARD, card_json(card))
    write(out / PAGE, card_text(card).encode())
    return card


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """Prompts, what the network finds in real pictures of them, and its features."""

    wanted: list[Wanted]
    found: Seen
    features: Floats

    def errors(self, name: str, threshold: float, choices: Choices, seed: int) -> dict[str, float]:
        """{"known.two.recall": 0.9, …}."""
        sure = [tuple(one for one in some if one.score >= threshold) for some in self.found]
        return {
            f"{name}.{task}.{key}": round(value, 4)
            for task, error in errors(self.wanted, sure, choices, np.random.default_rng(seed)).items()
            for key, value in (("recall", error.recall), ("precision", error.precision))
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Shows a network real pictures."""

    network: Detector
    choices: Choices
    prompts: int
    progress: Progress

    def look(self, name: str, troupe: Troupe, seed: int) -> Looked:
        """At pictures of all tasks, composed of a troupe's art."""
        wanted = wanted_of(self.choices, dict.fromkeys(TASKS, self.prompts), seed)
        pictures = staged(troupe, wanted, REPEATS, seed)
        found, features = look(self.network, pictures, tick=lambda *done: self.progress(f"judging {name}", *done))
        return Looked(wanted=wanted, found=found, features=features)


def best_threshold(wanted: Sequence[Wanted], found: Seen, choices: Choices, seed: int) -> float:
    """The one of THRESHOLDS at which right pictures are accepted and wrong ones refused most often, over all tasks.

    How many things there are weighs as much as what they are: a judge that sees ghosts cannot count.
    """

    def gain(threshold: float) -> float:
        sure = [tuple(one for one in some if one.score >= threshold) for some in found]
        told = errors(wanted, sure, choices, np.random.default_rng(seed)).values()
        shapes = by_task(wanted, rights(wanted, sure, arranged)).values()
        return float(np.mean([one.recall - one.false for one in told]) + np.mean([one.mean() for one in shapes]))

    return max(THRESHOLDS, key=gain)
