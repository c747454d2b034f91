"""The U-Net: shapes at every depth, zero to begin with, attention only where asked."""

from __future__ import annotations

import pytest
import torch

from sfumato.networks.blocks import ContextAttention
from sfumato.networks.unet import UNet, UNetConfig
from support.networks import filled


@pytest.mark.parametrize("widths", [(16,), (16, 32), (16, 16, 32)])
def test_the_map_keeps_its_size(widths: tuple[int, ...]) -> None:
    levels = len(widths)
    config = UNetConfig(widths=widths, blocks=(1,) * levels, attention=(False,) * levels, embedding=8)
    unet = filled(UNet(config, 5, 7))
    made = unet(torch.randn(2, 5, 8, 12), torch.randn(2, 8))
    assert made.shape == (2, 7, 8, 12)
    assert made.abs().max() > 1e-3


def test_it_begins_at_zero() -> None:
    config = UNetConfig(widths=(16, 32), blocks=(1, 2), attention=(False, False), embedding=8)
    assert not UNet(config, 3, 3)(torch.randn(1, 3, 8, 8), torch.randn(1, 8)).any()


def test_levels_attend_where_they_are_asked_to() -> None:
    config = UNetConfig(widths=(32, 32), blocks=(2, 1), attention=(False, True), middle=2, embedding=8, context=8)
    unet = UNet(config, 3, 3)
    attending = [name for name, module in unet.named_modules() if isinstance(module, ContextAttention)]
    assert attending == ["down.1.0.attention", "middle.0.attention", "middle.1.attention", "up.1.0.attention"]


def test_blocks_of_a_level_are_counted_on_each_way() -> None:
    config = UNetConfig(widths=(16, 32), blocks=(1, 3), attention=(False, False), middle=2, embedding=8)
    unet = UNet(config, 3, 3)
    assert [len(level) for level in unet.down] == [1, 3]
    assert [len(level) for level in unet.up] == [1, 3]
    assert len(unet.middle) == 2


def test_embedding_and_context_reach_the_output() -> None:
    config = UNetConfig(widths=(32, 32), blocks=(1, 1), attention=(True, True), embedding=8, context=8)
    unet = filled(UNet(config, 3, 3))
    x, emb, context = torch.randn(1, 3, 8, 8), torch.randn(1, 8), torch.randn(1, 2, 8)
    mask = torch.ones(1, 2, dtype=torch.bool)
    first = unet(x, emb, context, mask)
    assert (unet(x, -emb, context, mask) - first).abs().max() > 1e-3
    assert (unet(x, emb, -context, mask) - first).abs().max() > 1e-4
    assert (unet(x, emb, context, ~mask) - first).abs().max() > 1e-4
