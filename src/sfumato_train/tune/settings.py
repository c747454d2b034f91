"""What a tuning run is: a frozen dataclass, part of it a stage of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sfumato.networks.decoder import DecoderConfig
from sfumato_train.config import OptimConfig, TrainConfig, TuneStage

Method = Literal["lora", "full"]
LEARNING_RATE = {"lora": 1.5e-3, "full": 2e-4}
MANY_STEPS = 100_000
"""Where the minutes end a run and not the steps."""


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """What is computed once before training.

    views: how often a picture is seen moved and mirrored, altogether and for one picture at the most. imagined: how
    many embeddings the prior makes of a caption. preserved: drawings of the model as it was, kept beside the pictures.
    """

    seed: int = 0
    views: int = 1000
    most_views: int = 6
    imagined: int = 1
    most_imagined: int = 500
    preserved: int = 32
    held_out: float = 0.1
    least_to_hold_out: int = 40
    most_held_out: int = 48


def tune_stage(
    network: DecoderConfig,
    *,
    method: Method,
    rank: int,
    schedule: str,
    steps: int | None,
    batch: int,
    seed: int,
    learning_rate: float | None = None,
) -> TuneStage:
    """The stage that trains a decoder of these sizes."""
    rate = LEARNING_RATE[method] if learning_rate is None else learning_rate
    return TuneStage(
        network=network,
        method=method,
        rank=rank,
        schedule=schedule,
        train=TrainConfig(
            batch=batch,
            steps=MANY_STEPS if steps is None else steps,
            seed=seed,
            ema=0.98,
            optim=OptimConfig(learning_rate=rate, warmup=20, weight_decay=0.0),
            log_every=5,
            save_every=100,
            sheet_every=MANY_STEPS,
            keep=1,
        ),
    )
