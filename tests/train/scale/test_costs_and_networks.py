"""The formulas against the networks themselves, on the meta device: shapes alone, nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from sfumato_train.recipes import RECIPES
from sfumato_train.scale import costs
from sfumato_train.scale.costs import Cost
from sfumato_train.scale.networks import STAGES, frozen_cost, stage_cost
from support.stage_inputs import KINDS, inputs

CAPTION = 24
CASES = [
    pytest.param(recipe, name, id=f"{recipe}-{name}")
    for recipe in ("sticker", "paper")
    for name, stage in RECIPES[recipe]().stages.items()
    if stage.kind in STAGES
]


@dataclass
class Measured:
    parameters: int
    flops: int
    kept: int


def measured(stage: Any) -> Measured:
    with torch.device("meta"):
        network: nn.Module = KINDS[stage.kind](stage.network)
        given = inputs(stage, caption=CAPTION)
        for parameter in network.parameters():
            parameter.requires_grad_(True)
        kept: dict[int, int] = {}
        own = {p.untyped_storage()._cdata for p in network.parameters()}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()._cdata
            if storage not in own:
                kept[storage] = max(kept.get(storage, 0), tensor.numel())
            return tensor

        keeping: list[Tensor] = []  # storages must live on, or their numbers would be given anew
        counter = FlopCounterMode(display=False)
        with counter, torch.autograd.graph.saved_tensors_hooks(lambda t: (keeping.append(t), pack(t))[1], lambda t: t):
            network(*given)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Measured(parameters=parameters, flops=counter.get_total_flops(), kept=sum(kept.values()))


@pytest.mark.parametrize(("recipe", "name"), CASES)
def test_the_formulas_are_those_of_the_networks(recipe: str, name: str) -> None:
    stage = RECIPES[recipe]().stages[name]
    formula, true = stage_cost(stage, caption=CAPTION), measured(stage)
    assert formula.parameters == true.parameters
    assert formula.flops == pytest.approx(true.flops, rel=0.01)
    assert formula.kept == pytest.approx(true.kept, rel=0.25)  # what is fused or kept twice is PyTorch's affair


PAPER = {"prior": 1.0e9, "decoder": 3.5e9, "upsampler_256": 0.7e9, "upsampler_1024": 0.3e9}


@pytest.mark.parametrize("name", PAPER)
def test_the_paper_recipe_has_the_papers_sizes(name: str) -> None:
    parameters = stage_cost(RECIPES["paper"]().stages[name]).parameters
    assert parameters == pytest.approx(PAPER[name], rel=0.25 if name == "prior" else 0.05)


def test_costs_add_and_multiply() -> None:
    one = Cost(1, 2, 3)
    assert one + one == one * 2 == costs.total(one, one) == Cost(2, 4, 6)


def test_a_linear_layer_by_hand() -> None:
    assert costs.linear(3, 5, tokens=7) == Cost(3 * 5 + 5, 2 * 3 * 5 * 7, 3 * 7)


def test_attention_grows_with_the_square() -> None:
    short, long = (costs.attention(64, n, n, heads=4).flops for n in (10, 20))
    assert long == 4 * short


def test_dropped_conditions_are_not_paid_for() -> None:
    recipe = RECIPES["paper"]()
    towers: Any = recipe.stages["clip"]
    decoder, prior = (frozen_cost(recipe.stages[name], towers.network) for name in ("decoder", "prior"))
    assert 0 < decoder.flops < prior.flops
    assert decoder.parameters == prior.parameters > 0.9e9
    assert frozen_cost(recipe.stages["upsampler_256"], towers.network) == Cost()
    assert decoder.kept == 0
