"""The optimiser: which weights decay, the rate's course, and a state that survives saving whatever the layout."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from sfumato_train.config import OptimConfig
from sfumato_train.optim import (
    laid_out_as,
    learning_rate,
    load_optimiser_state,
    optimiser,
    optimiser_state,
)


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(4, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 2, 1))
    return layers.to(memory_format=torch.channels_last)


def step(layers: nn.Module, optim: torch.optim.Optimizer, seed: int) -> None:
    x = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(seed))
    layers(x).square().mean().backward()
    optim.step()
    optim.zero_grad(set_to_none=True)


def as_stored(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What a checkpoint gives back: files know no memory layout."""
    return {name: tensor.contiguous().clone() for name, tensor in state.items()}


def test_matrices_and_kernels_decay_and_nothing_else() -> None:
    layers = network()
    decaying, free = optimiser(layers, OptimConfig(weight_decay=0.3)).param_groups
    assert decaying["weight_decay"] == 0.3
    assert free["weight_decay"] == 0.0
    assert {id(p) for p in decaying["params"]} == {id(layers[0].weight), id(layers[2].weight)}
    assert len(free["params"]) == 4


def test_frozen_weights_are_left_out() -> None:
    layers = network()
    layers[0].requires_grad_(False)
    groups = optimiser(layers, OptimConfig()).param_groups
    assert sum(len(group["params"]) for group in groups) == 4


def test_the_rate_warms_up_stays_and_cools_down() -> None:
    config = OptimConfig(learning_rate=2.0, warmup=4, cooldown=5)
    rates = [learning_rate(config, step, 20) for step in range(20)]
    assert rates[:4] == [0.5, 1.0, 1.5, 2.0]
    assert rates[4:16] == [2.0] * 12
    assert rates[15:] == pytest.approx([2.0, 1.6, 1.2, 0.8, 0.4])


def test_the_rate_without_warm_up_and_cool_down_is_constant() -> None:
    config = OptimConfig(learning_rate=3.0, warmup=0, cooldown=0)
    assert {learning_rate(config, step, 9) for step in range(9)} == {3.0}


def test_the_rate_beyond_the_end_is_not_negative() -> None:
    assert learning_rate(OptimConfig(warmup=0, cooldown=3), 12, 10) == 0.0


def test_a_line_and_half_a_cosine_fall_from_the_warm_up_to_nothing() -> None:
    line, cosine = (OptimConfig(learning_rate=2.0, warmup=4, schedule=name) for name in ("linear", "cosine"))
    for config in (line, cosine):
        rates = [learning_rate(config, step, 20) for step in range(21)]
        assert rates[:5] == [0.5, 1.0, 1.5, 2.0, 2.0]
        assert rates[12] == pytest.approx(1.0)  # in the middle
        assert rates[20] == pytest.approx(0.0, abs=1e-12)
        assert all(before > after for before, after in itertools.pairwise(rates[4:]))
    quarter = [learning_rate(config, 8, 20) for config in (line, cosine)]
    assert quarter == pytest.approx([1.5, 1 + math.cos(math.pi / 4)])


def test_a_schedule_and_a_cool_down_multiply() -> None:
    config = OptimConfig(learning_rate=1.0, warmup=0, cooldown=10, schedule="linear")
    assert learning_rate(config, 15, 20) == pytest.approx(0.25 * 0.5)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_a_run_shorter_than_its_warm_up_only_warms_up(schedule: Literal["constant", "linear", "cosine"]) -> None:
    config = OptimConfig(learning_rate=1.0, warmup=10, schedule=schedule)
    assert [learning_rate(config, step, 5) for step in range(5)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_the_state_is_named_by_parameter() -> None:
    layers = network()
    optim = optimiser(layers, OptimConfig())
    assert optimiser_state(layers, optim) == {}
    step(layers, optim, 0)
    names = set(optimiser_state(layers, optim))
    assert names == {
        f"{name}/{key}" for name, _ in layers.named_parameters() for key in ("step", "exp_avg", "exp_avg_sq")
    }


def test_a_restored_state_steps_as_the_original_though_files_know_no_layout() -> None:
    config = OptimConfig(learning_rate=1e-2)
    through = network()
    optim = optimiser(through, config)
    for seed in range(3):
        step(through, optim, seed)
    resumed = network(seed=9)
    resumed.load_state_dict(as_stored(through.state_dict()))
    resumed_optim = optimiser(resumed, config)
    load_optimiser_state(resumed, resumed_optim, as_stored(optimiser_state(through, optim)))
    for seed in range(3, 6):
        step(through, optim, seed)
        step(resumed, resumed_optim, seed)
    for one, other in zip(through.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_layout_is_copied_and_the_values_are_kept() -> None:
    pattern = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    value = torch.randn(2, 3, 4, 5)
    copy = laid_out_as(pattern, value)
    assert copy.stride() == pattern.stride() != value.stride()
    assert torch.equal(copy, value)
