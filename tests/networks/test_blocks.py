"""Building blocks: time embedding, residual block, attention with context."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.networks.blocks import (
    ContextAttention,
    Conv3x3,
    ResBlock,
    TimeEmbedding,
    bilinear_upsample,
    group_norm,
    merge_heads,
    split_heads,
    timestep_embedding,
    zeroed,
)


def test_the_time_embedding_is_that_of_the_paper() -> None:
    t, width = 0.37, 8
    made = timestep_embedding(torch.tensor([t]), width)[0]
    angles = [1000 * t * 10_000 ** (-i / 4) for i in range(4)]
    expected = [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
    torch.testing.assert_close(made, torch.tensor(expected), atol=1e-4, rtol=0)


def test_times_a_step_apart_are_told_apart() -> None:
    made = timestep_embedding(torch.linspace(0, 1, 101), 128)
    distances = torch.cdist(made, made) + torch.eye(101) * 9
    assert distances.min() > 0.5


def test_the_time_perceptron_gives_its_width() -> None:
    assert TimeEmbedding(24)(torch.rand(3)).shape == (3, 24)


def test_zeroed_zeroes_everything() -> None:
    assert all(not parameter.any() for parameter in zeroed(torch.nn.Conv2d(2, 3, 3)).parameters())


@pytest.mark.parametrize(("channels", "groups"), [(8, 1), (16, 1), (48, 3), (96, 6), (384, 24), (1024, 32)])
def test_groups_have_16_channels_or_more(channels: int, groups: int) -> None:
    assert group_norm(channels).num_groups == groups


@settings(deadline=None)
@given(st.integers(1, 1500))
def test_every_width_can_be_normalised(channels: int) -> None:
    norm = group_norm(channels)
    assert channels % norm.num_groups == 0
    assert norm.num_groups <= 32


def test_a_fresh_residual_block_is_the_identity() -> None:
    x = torch.randn(2, 16, 4, 4)
    assert torch.equal(ResBlock(16, 16, embedding=8)(x, torch.randn(2, 8)), x)
    assert torch.equal(ResBlock(16, 16)(x), x)


def test_a_trained_residual_block_heeds_its_embedding() -> None:
    block = ResBlock(16, 24, embedding=8)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x = torch.randn(1, 16, 4, 4)
    made = [block(x, emb) for emb in torch.randn(2, 1, 8)]
    assert made[0].shape == (1, 24, 4, 4)
    assert (made[0] - made[1]).abs().max() > 1e-2


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_heads_are_split_and_merged(batch: int, length: int, heads: int, width: int) -> None:
    x = torch.randn(batch, length, heads * width)
    parts = split_heads(x, heads)
    assert parts.shape == (batch, heads, length, width)
    assert torch.equal(parts[:, 0], x[:, :, :width])
    assert torch.equal(merge_heads(parts), x)


def attention() -> ContextAttention:
    layer = ContextAttention(32, context=12, head_width=16)
    torch.nn.init.normal_(layer.out.weight, std=0.3)
    return layer


def test_fresh_attention_is_the_identity() -> None:
    x = torch.randn(2, 32, 4, 4)
    mask = torch.ones(2, 5, dtype=torch.bool)
    assert torch.equal(ContextAttention(32, context=12)(x, torch.randn(2, 5, 12), mask), x)


def test_attention_is_blind_to_masked_context_and_to_its_number() -> None:
    layer, x, context = attention(), torch.randn(2, 32, 4, 4), torch.randn(2, 5, 12)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]).bool()
    short = layer(x, context[:, :3], mask[:, :3])
    padded = layer(x, context, mask)
    garbled = layer(x, torch.where(mask[:, :, None], context, 50.0), mask)
    torch.testing.assert_close(padded, short, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(garbled, short, atol=1e-5, rtol=1e-5)


def test_attention_sees_the_context_that_is_not_masked() -> None:
    layer, x, context = attention(), torch.randn(1, 32, 4, 4), torch.randn(1, 2, 12)
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert (layer(x, context, mask) - layer(x, -context, mask)).abs().max() > 1e-2


def test_attention_sees_every_place_of_the_map() -> None:
    layer, x = attention(), torch.randn(1, 32, 4, 4)
    context, mask = torch.zeros(1, 1, 12), torch.zeros(1, 1, dtype=torch.bool)
    moved = x.clone()
    moved[:, :, 3, 3] += 1
    difference = (layer(x, context, mask) - layer(moved, context, mask)).abs()
    assert difference[:, :, 0, 0].max() > 1e-4


def test_smooth_enlargement_keeps_flat_colour_and_the_mean() -> None:
    flat = torch.full((1, 4, 3, 3), 0.3)
    torch.testing.assert_close(bilinear_upsample(flat, 4), torch.full((1, 4, 12, 12), 0.3))
    x = torch.zeros(1, 1, 6, 6)
    x[..., 2:4, 2:4] = 1
    torch.testing.assert_close(bilinear_upsample(x, 4).mean(), x.mean())


@pytest.mark.parametrize(("height", "width"), [(4, 4), (2, 3), (1, 1)])
def test_a_convolution_over_patches_is_the_convolution(height: int, width: int) -> None:
    torch.manual_seed(1)
    layer = Conv3x3(5, 7).double()
    x = torch.randn(3, 5, height, width, dtype=torch.double)
    torch.testing.assert_close(layer.over_patches(x), layer(x))


def test_its_gradients_are_those_of_the_convolution() -> None:
    torch.manual_seed(2)
    layer = Conv3x3(5, 7).double()
    x = torch.randn(3, 5, 4, 4, dtype=torch.double, requires_grad=True)
    down = torch.randn(3, 7, 4, 4, dtype=torch.double)
    inputs = [x, layer.weight, layer.bias]
    assert layer.bias is not None
    found = torch.autograd.grad(layer.over_patches(x), inputs, down)
    for one, other in zip(found, torch.autograd.grad(layer(x), inputs, down), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("training", "bf16", "size", "patches"),
    [(True, True, 4, True), (True, True, 8, False), (True, False, 4, False), (False, True, 4, False)],
)
def test_patches_are_for_small_maps_in_bf16_training_alone(
    monkeypatch: pytest.MonkeyPatch, training: bool, bf16: bool, size: int, patches: bool
) -> None:
    used: list[bool] = []
    layer = Conv3x3(5, 7).train(training)
    true = layer.over_patches
    monkeypatch.setattr(layer, "over_patches", lambda x: used.append(True) or true(x))
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        made = layer(torch.randn(2, 5, size, size))
    assert bool(used) == patches
    assert made.dtype == (torch.bfloat16 if bf16 else torch.float32)
    wanted = torch.nn.functional.conv2d(torch.zeros(2, 5, size, size), layer.weight, layer.bias, padding=1)
    assert made.shape == wanted.shape


def test_in_bf16_both_ways_agree_to_its_precision() -> None:
    torch.manual_seed(3)
    layer, x = Conv3x3(32, 48), torch.randn(4, 32, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        small, plain = layer.train()(x).float(), layer.eval()(x).float()
    assert (small - plain).abs().max() < 0.02 * plain.abs().max()
