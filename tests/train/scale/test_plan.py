"""Plans fit, split batches exactly, and say what bounds them."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import assume, event, given
from hypothesis import strategies as st
from torch import nn

from sfumato.errors import InputError
from sfumato.networks.blocks import ResBlock
from sfumato.networks.prior import CausalLayer, Prior
from sfumato.networks.text import EncoderLayer
from sfumato.networks.unet import Level
from sfumato_train.recipes import recipe
from sfumato_train.scale.networks import block_inputs, stage_cost
from sfumato_train.scale.plan import (
    A100,
    BLOCKS,
    HALF,
    STATE_BYTES,
    USABLE,
    Device,
    exchanged_bytes,
    plan,
    sample_bytes,
    state_bytes,
    tokens,
    training_flops,
)
from support.stage_inputs import KINDS, inputs

PAPER = recipe("paper")
TOWERS: Any = PAPER.stages["clip"].network
NAMES = list(PAPER.stages)
BLOCK_KINDS = (Level, CausalLayer, EncoderLayer)


def of(name: str) -> Any:
    return PAPER.stages[name]


@given(name=st.sampled_from(NAMES), power=st.integers(0, 10), memory=st.sampled_from([24e9, 40e9, 80e9, 141e9]))
def test_a_plan_fits_and_computes_the_whole_batch(name: str, power: int, memory: float) -> None:
    stage, devices = of(name), 2**power
    try:
        found = plan(stage, TOWERS, devices, dataclasses.replace(A100, memory=memory))
    except InputError as error:
        said = str(error)
        event(said[:20])
        assume("use more devices" not in said and "cannot be split" not in said)
        raise
    assert found.micro_batch * found.accumulate * devices == stage.train.batch
    assert found.bytes <= USABLE * memory
    assert found.parallel == "ddp" or devices > 1


def test_days_are_work_divided_by_speed() -> None:
    found = plan(of("prior"), TOWERS, 8, A100)
    flops = training_flops(of("prior"), TOWERS, caption=32, recompute=found.recompute)
    seconds = 4096 * 600_000 * flops / (8 * 312e12 * 0.4)
    assert found.days == pytest.approx(seconds / 86_400)
    assert found.samples_per_second * found.step_seconds == pytest.approx(4096)


def test_more_devices_never_take_longer_until_the_network_is_the_limit() -> None:
    plans = [plan(of("decoder"), TOWERS, count, A100) for count in (8, 16, 32, 64, 128, 256, 512, 1024)]
    days = [found.days for found in plans]
    assert all(later <= earlier * 1.01 for earlier, later in pairwise(days))
    assert plans[0].computing > plans[0].exchanging
    assert plans[-1].exchanging > plans[-1].computing
    slow = dataclasses.replace(A100, network=A100.network / 10)
    assert plan(of("decoder"), TOWERS, 1024, slow).days == pytest.approx(10 * days[-1], rel=0.01)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(InputError, match=r"needs more than \d+ GB on each of 1 devices.*use more devices"):
        plan(of("decoder"), TOWERS, 1, A100)
    with pytest.raises(InputError, match="A batch of 512 cannot be split over 1024 devices"):
        plan(of("upsampler_1024"), TOWERS, 1024, A100)
    with pytest.raises(InputError, match="no formula for stages of the kind autoencoder"):
        plan(recipe("sticker").stages["autoencoder"], TOWERS, 1, A100)


def test_memory_is_bought_with_work_only_where_it_must_be() -> None:
    small = dataclasses.replace(A100, memory=state_bytes(of("decoder"), TOWERS, 64, parallel="fsdp", caption=32) + 2e9)
    assert not plan(of("decoder"), TOWERS, 64, A100).recompute
    found = plan(of("decoder"), TOWERS, 64, small)
    assert found.recompute
    ratio = training_flops(of("decoder"), TOWERS, caption=32, recompute=True) / training_flops(
        of("decoder"), TOWERS, caption=32, recompute=False
    )
    assert 1.2 < ratio < 4 / 3


def test_state_is_twenty_bytes_a_parameter_divided_among_devices() -> None:
    stage = of("upsampler_256")
    P = stage_cost(stage).parameters
    assert state_bytes(stage, TOWERS, 4, parallel="ddp", caption=32) == (STATE_BYTES + HALF) * P
    one, many = (state_bytes(stage, TOWERS, count, parallel="fsdp", caption=32) for count in (2, 2000))
    assert one - many == pytest.approx(20 * P * (1 / 2 - 1 / 2000))


def test_exchange_by_hand() -> None:
    assert exchanged_bytes(100, 1, parallel="ddp", parts=3) == 0
    assert exchanged_bytes(100, 2, parallel="ddp", parts=3) == 2 * 4 * 100 / 2  # once a step
    assert exchanged_bytes(100, 2, parallel="fsdp", parts=3) == 3 * (2 + 2 + 4) * 100 / 2  # for every part


def largest_block(stage: Any) -> int:
    with torch.device("meta"):
        network: nn.Module = KINDS[stage.kind](stage.network)
    blocks = [m for m in network.modules() if isinstance(m, (*BLOCK_KINDS, ResBlock))]
    return max(sum(p.numel() for p in block.parameters()) for block in blocks)


@pytest.mark.parametrize("name", NAMES)
def test_no_block_is_larger_than_assumed(name: str) -> None:
    assert largest_block(of(name)) <= stage_cost(of(name)).parameters / BLOCKS


@pytest.mark.parametrize("name", NAMES)
def test_what_blocks_are_given_is_what_recomputing_keeps(name: str) -> None:
    """Counted on the networks: the sizes of all blocks' first inputs."""
    stage, seen = of(name), []
    with torch.device("meta"):
        network: nn.Module = KINDS[stage.kind](stage.network)
        inner = {id(level.block) for level in network.modules() if isinstance(level, Level)}
        for module in network.modules():
            if isinstance(module, (*BLOCK_KINDS, ResBlock)) and id(module) not in inner:
                module.register_forward_pre_hook(lambda _module, given: seen.append(given[0].numel()))
        network(*inputs(stage, caption=32))
    assert len(seen) > 10
    assert block_inputs(stage) == pytest.approx(sum(seen), rel=0.05)
    assert sample_bytes(stage, caption=32, recompute=True) < sample_bytes(stage, caption=32, recompute=False) / 3


def test_tokens_are_those_of_the_network() -> None:
    with torch.device("meta"):
        prior = Prior(of("prior").network)
        lengths: list[int] = []
        prior.layers[0].register_forward_pre_hook(lambda _module, given: lengths.append(given[0].shape[1]))
        prior(*inputs(of("prior"), caption=32))
    assert lengths == [tokens(of("prior"), caption=32)]
    assert tokens(of("decoder")) == 64 * 64


WRONG: list[dict[str, float]] = [{"memory": 0}, {"peak": -1}, {"utilisation": 0}, {"utilisation": 1.1}, {"network": 0}]


@pytest.mark.parametrize("wrong", WRONG)
def test_impossible_devices_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="A device needs"):
        Device(**{"name": "x", "memory": 1e9, "peak": 1e12, **wrong})
