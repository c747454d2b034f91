"""Features of tiny stages, made in a moment: 128 samples in two parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sfumato_train.context import Context
from sfumato_train.features.make import Wanted, precompute, wanted
from support.stages import STAGES

ROWS, PARTS = 64, 2
NAMES = ("decoder", "decoder_pixel", "prior", "ar_prior", "language")


def stage_of(name: str, **changes: Any) -> Any:
    """A stage that learns from features."""
    return replace(STAGES[name], precomputed=True, **changes)  # type: ignore[arg-type]


def with_training(stage: Any, **changes: Any) -> Any:
    """The stage with other settings of the trainer."""
    return replace(stage, train=replace(stage.train, **changes))


def want_of(stage: Any, context: Context, root: Path | None = None, *, parts: int = PARTS, workers: int = 0) -> Wanted:
    """What precomputing is asked for, below `root` or where the stage will look."""
    where = root or context.runs / stage.features
    return wanted(stage, context, where, samples=parts * ROWS, rows=ROWS, workers=workers)


def keep(stage: Any, context: Context) -> Path:
    """Make a stage's features; the folder of their parts."""
    want = want_of(stage, context)
    assert precompute(want).finished
    return want.folder
