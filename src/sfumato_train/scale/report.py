"""Plans as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sfumato.errors import InputError
from sfumato.networks.clip import ClipConfig
from sfumato_train.config import Recipe
from sfumato_train.scale.networks import STAGES, frozen_cost, stage_cost
from sfumato_train.scale.plan import Device, Plan, plan, sample_bytes, tokens, training_flops

COSTS = (
    "stage",
    "parameters",
    "GFLOP a sample, forward",
    "training",
    "kept a sample",
    "recomputed",
    "samples",
    "PFLOP/s-days",
)
PLANS = (
    "devices",
    "parallel",
    "samples at a time",
    "× parts",
    "recompute",
    "GB a device",
    "samples/s",
    "tokens/s",
    "days",
)


def planned(recipe: Recipe) -> dict[str, Any]:
    """The recipe's stages that formulas exist for."""
    return {name: stage for name, stage in recipe.stages.items() if stage.kind in STAGES}


def towers(recipe: Recipe) -> ClipConfig:
    """What prior and decoder are conditioned on. `InputError` when the recipe has no CLIP."""
    clip: Any = recipe.stages.get("clip")
    if clip is None:
        raise InputError(f"The recipe {recipe.name} has no stage clip, which the others are conditioned on; add one.")
    config: ClipConfig = clip.network
    return config


def costs_table(recipe: Recipe, *, caption: int) -> str:
    """What a sample of every stage costs, and all of its training."""
    rows = [_costs_row(name, stage, towers(recipe), caption) for name, stage in planned(recipe).items()]
    return table(COSTS, rows)


def _costs_row(name: str, stage: Any, clip: ClipConfig, caption: int) -> list[str]:
    cost, samples = stage_cost(stage, caption=caption), stage.train.batch * stage.train.steps
    flops = training_flops(stage, clip, caption=caption, recompute=False)
    kept = [sample_bytes(stage, caption=caption, recompute=recompute) for recompute in (False, True)]
    return [
        name,
        quantity(cost.parameters),
        figure((cost.flops + frozen_cost(stage, clip, caption=caption).flops) / 1e9),
        figure(flops / 1e9),
        *(f"{figure(size / 1e6)} MB" for size in kept),
        quantity(samples),
        figure(samples * flops / 1e15 / 86_400),
    ]


def plans_table(recipe: Recipe, name: str, devices: Sequence[int], device: Device, *, caption: int) -> str:
    """A stage on several numbers of devices; where it cannot run the reason stands in the row."""
    stage = planned(recipe)[name]
    return table(PLANS, [_plan_row(stage, towers(recipe), count, device, caption) for count in devices])


def _plan_row(stage: Any, clip: ClipConfig, count: int, device: Device, caption: int) -> list[str]:
    try:
        found = plan(stage, clip, count, device, caption=caption)
    except InputError as error:
        return [str(count), str(error), *[""] * (len(PLANS) - 2)]
    return [str(count), *_plan_cells(found, tokens(stage, caption=caption))]


def _plan_cells(found: Plan, places: int) -> list[str]:
    rate = found.samples_per_second
    bound = "" if found.computing >= found.exchanging else " (network)"
    return [
        found.parallel,
        str(found.micro_batch),
        str(found.accumulate),
        "yes" if found.recompute else "no",
        figure(found.bytes / 1e9),
        quantity(rate) + bound,
        quantity(rate * places),
        figure(found.days),
    ]


def quantity(number: float) -> str:
    """1234567 → 1.23M."""
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{letter}"
    return f"{number:.3g}"


def figure(number: float) -> str:
    """Three digits, thousands apart."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
