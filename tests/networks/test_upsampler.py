"""Upsamplers: smooth enlargement to begin with, and no large feature map."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from sfumato.networks.blocks import bilinear_upsample
from sfumato.networks.upsampler import FACTOR, Upsampler, UpsamplerConfig
from sfumato_train.recipes import RECIPES
from support.networks import PLAIN, filled

CONFIG = UpsamplerConfig(low_size=64, unet=PLAIN)


def test_it_begins_as_smooth_enlargement() -> None:
    low = torch.rand(2, 4, 8, 12) * 2 - 1
    made = Upsampler(CONFIG)(torch.randn(2, 4, 32, 48), torch.rand(2), low)
    torch.testing.assert_close(made, bilinear_upsample(low, FACTOR))


def test_every_input_matters() -> None:
    torch.manual_seed(0)
    upsampler = filled(Upsampler(CONFIG))
    x_t, t, low = torch.randn(1, 4, 32, 32), torch.tensor([0.3]), torch.rand(1, 4, 8, 8)
    first = upsampler(x_t, t, low)
    assert first.shape == (1, 4, 32, 32)
    for changed in ((-x_t, t, low), (x_t, t + 0.5, low)):
        assert (upsampler(*changed) - first).abs().max() > 1e-4
    detail = first - bilinear_upsample(low, FACTOR)
    assert (upsampler(x_t, t, -low) + bilinear_upsample(low, FACTOR) - detail).abs().max() > 1e-4


def test_one_that_inpaints_sees_the_known_part_and_the_mask() -> None:
    torch.manual_seed(0)
    upsampler = filled(Upsampler(dataclasses.replace(CONFIG, inpaints=True)))
    x_t, t, low = torch.randn(1, 4, 32, 32), torch.tensor([0.3]), torch.rand(1, 4, 8, 8)
    known, mask = torch.rand(1, 4, 32, 32), torch.zeros(1, 1, 32, 32)
    first = upsampler(x_t, t, low, known, mask)
    assert first.shape == (1, 4, 32, 32)
    assert (upsampler(x_t, t, low, -known, mask) - first).abs().max() > 1e-4
    assert (upsampler(x_t, t, low, known, mask + 1) - first).abs().max() > 1e-4


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_no_feature_map_of_the_1024_upsampler_is_larger_than_256(recipe: str) -> None:
    stage = RECIPES[recipe]().stages["upsampler_1024"]
    assert stage.kind == "upsampler"
    with torch.device("meta"):  # shapes alone, nothing is computed
        upsampler = Upsampler(stage.network)
        given = [torch.zeros(1, 4, 1024, 1024), torch.zeros(1), torch.zeros(1, 4, 256, 256)]
        given += [torch.zeros(1, 4, 1024, 1024), torch.zeros(1, 1, 1024, 1024)] if stage.network.inpaints else []
        seen: list[tuple[int, ...]] = []

        def remember(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and output.ndim == 4:
                seen.append(tuple(output.shape))

        for name, module in upsampler.named_modules():
            if name:
                module.register_forward_hook(remember)
        assert upsampler(*given).shape == (1, 4, 1024, 1024)
    assert len(seen) > 10
    assert max(max(shape[2:]) for shape in seen) == 256


def test_crops_are_drawn_as_wholes_are_away_from_the_edges() -> None:
    """Training sees crops: what the network does in a crop's middle it does in the whole."""
    torch.manual_seed(0)
    unet = Upsampler(CONFIG).unet
    for module in unet.modules():  # group norms look at whole pictures; without them all is local
        if isinstance(module, nn.GroupNorm):
            module.forward = lambda x: x  # type: ignore[method-assign, assignment]
    filled(unet)
    x, emb = torch.randn(1, 68, 64, 64), torch.randn(1, 16)
    whole, crop = unet(x, emb), unet(x[..., 16:48, 16:48], emb)
    torch.testing.assert_close(whole[..., 30:34, 30:34], crop[..., 14:18, 14:18], atol=1e-4, rtol=1e-3)
