"""Low-rank changes: nothing at first, of their rank later, and the same once they are merged."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from sfumato_train.lora import LoraConv, LoraLinear, add_lora, merged
from support.tunable_bundle import SMALL, small_decoder

RANK = 4


def inputs() -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(0)
    point = (2, SMALL.channels, SMALL.size, SMALL.size)
    return (
        torch.randn(point, generator=g), torch.rand(2, generator=g),
        torch.randn(2, SMALL.embedding, generator=g), torch.ones(2),
        torch.randn(2, 5, SMALL.text_width, generator=g), torch.ones(2, 5), torch.ones(2),
        torch.zeros(point), torch.ones(2, 1, 64, 64),
    )  # fmt: skip


def disturbed(network: nn.Module) -> Any:
    """With changes that are no longer zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(".up"):
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return network


def test_at_first_nothing_changes() -> None:
    before = small_decoder()(*inputs())
    adapted = small_decoder()
    add_lora(adapted, RANK)
    torch.testing.assert_close(adapted(*inputs()), before)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_merged_weights_compute_the_same_in_a_plain_network(scale: float) -> None:
    adapted = small_decoder()
    add_lora(adapted, RANK, scale=scale)
    disturbed(adapted)
    plain = small_decoder(seed=9)
    plain.load_state_dict(merged(adapted))
    with torch.no_grad():
        expected = adapted(*inputs())
        torch.testing.assert_close(plain(*inputs()), expected, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(small_decoder()(*inputs()), expected, atol=1e-3), "the changes do something"


def test_only_the_changes_are_trained_and_the_time_s_embedding_is_left_alone() -> None:
    adapted = small_decoder()
    count = add_lora(adapted, RANK)
    trained = {name for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert trained
    assert all(name.endswith((".up", ".down")) for name in trained)
    assert not any(name.startswith("time") for name in trained)
    assert count == sum(adapted.get_parameter(name).numel() for name in trained)
    assert count < 0.4 * sum(parameter.numel() for parameter in adapted.parameters())
    adapted(*inputs()).square().mean().backward()
    for name, parameter in adapted.named_parameters():
        assert (parameter.grad is not None) == (name in trained), name


@pytest.mark.parametrize(("stride", "kernel"), [(1, 3), (2, 3), (1, 1)])
def test_a_convolution_s_change_is_a_kernel_of_that_rank(stride: int, kernel: int) -> None:
    torch.manual_seed(0)
    layer = LoraConv(nn.Conv2d(12, 10, kernel, stride=stride, padding=kernel // 2), RANK, 0.5)
    disturbed(nn.ModuleDict({"x": layer}))
    x = torch.randn(2, 12, 9, 9)
    whole = nn.functional.conv2d(
        x, layer.base.weight + layer.delta(), layer.base.bias, stride=stride, padding=kernel // 2
    )
    torch.testing.assert_close(layer(x), whole, rtol=1e-4, atol=1e-5)
    assert torch.linalg.matrix_rank(layer.delta().reshape(10, -1)) <= RANK


def test_a_linear_change_has_its_rank() -> None:
    torch.manual_seed(0)
    layer = disturbed(nn.ModuleDict({"x": LoraLinear(nn.Linear(20, 15), RANK, 1.0)}))["x"]
    assert torch.linalg.matrix_rank(layer.delta()) == RANK
    x = torch.randn(3, 20)
    torch.testing.assert_close(layer(x), layer.base(x) + x @ layer.delta().T, rtol=1e-4, atol=1e-5)


def test_layers_as_small_as_the_rank_are_left_alone() -> None:
    network = nn.Sequential(nn.Linear(RANK, 50), nn.Linear(50, 50))
    add_lora(network, RANK)
    assert isinstance(network[0], nn.Linear)
    assert isinstance(network[1], LoraLinear)
