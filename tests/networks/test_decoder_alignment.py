"""The perceptron beside the decoder: it sees the middle of the U-Net, and without it everything is as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.clip import Clip
from sfumato.networks.decoder import MASK_SIZE, Decoder, DecoderConfig
from sfumato.networks.unet import UNet
from sfumato.networks.weights import put_weights, training_only
from support.networks import CLIP, LATENT, PIXEL, UNET, caption, filled

B, WIDTH = 2, 24
WHAT = "The perceptron of the alignment"


def config_of(plain: DecoderConfig = LATENT) -> DecoderConfig:
    return replace(plain, align=WIDTH)


def decoder(config: DecoderConfig, *, seed: int = 0) -> Decoder:
    torch.manual_seed(seed)
    return filled(Decoder(config)).requires_grad_(True)


def inputs(config: DecoderConfig) -> tuple[Tensor, ...]:
    make = torch.Generator().manual_seed(7)
    point = (B, config.channels, config.size, config.size)
    feats, mask = caption(B, 5, 3)
    z_img = F.normalize(torch.randn(B, config.embedding, generator=make))
    ones, whole = torch.ones(B), torch.ones(B, 1, MASK_SIZE, MASK_SIZE)
    return torch.randn(point, generator=make), 0.5 * ones, z_img, ones, feats, mask, ones, torch.zeros(point), whole


@pytest.mark.parametrize(("plain", "side"), [(LATENT, 4), (PIXEL, 8)])
def test_it_points_at_every_place_of_the_middle_and_draws_the_same(plain: DecoderConfig, side: int) -> None:
    network = decoder(config_of(plain))
    told = inputs(plain)
    x_0, pointing = network(*told, aligned=True)
    assert pointing.shape == (B, WIDTH, side, side)
    assert torch.equal(x_0, network(*told))


def test_the_other_weights_begin_as_without_it() -> None:
    torch.manual_seed(0)
    plain = Decoder(LATENT).state_dict()
    torch.manual_seed(0)
    more = Decoder(config_of()).state_dict()
    beside = {f"align.{i}.{kind}" for i in (0, 2) for kind in ("weight", "bias")}
    assert more.keys() - plain.keys() == beside
    assert all(torch.equal(value, more[name]) for name, value in plain.items())


def test_its_gradient_reaches_the_middle_and_what_comes_before_it_alone() -> None:
    network = decoder(config_of())
    _, pointing = network(*inputs(LATENT), aligned=True)
    pointing.square().mean().backward()

    def moved(part: nn.Module | None) -> bool:
        assert part is not None
        return any(p.grad is not None and bool(p.grad.any()) for p in part.parameters())

    unet = network.unet
    for part in (network.align, unet.middle, unet.down, unet.stem, network.txt_to_tokens, network.z_to_embedding):
        assert moved(part)
    assert not moved(unet.up)
    assert not moved(unet.head)


def test_a_network_without_it_cannot_point() -> None:
    with pytest.raises(AssertionError, match="only a network with `align`"):
        decoder(LATENT)(*inputs(LATENT), aligned=True)


def test_it_can_be_dropped() -> None:
    network, told = decoder(config_of()), inputs(LATENT)
    before = network(*told)
    network.drop_alignment()
    assert network.config == LATENT
    assert network.state_dict().keys() == Decoder(LATENT).state_dict().keys()
    assert torch.equal(network(*told), before)
    assert training_only(network) == {}


def test_the_middle_of_a_unet_is_what_its_last_block_gives() -> None:
    unet = filled(UNet(UNET, 3, 3))
    told = (torch.randn(1, 3, 8, 8), torch.randn(1, 16), torch.randn(1, 2, 16), torch.ones(1, 2, dtype=torch.bool))
    seen: list[Tensor] = []
    unet.middle[-1].register_forward_hook(lambda _module, _told, answer: seen.append(answer))
    out, middle = unet.with_middle(*told)
    assert torch.equal(middle, seen[0])
    assert torch.equal(out, unet(*told))


def test_a_tower_gives_embedding_and_map_of_one_pass() -> None:
    tower, picture = filled(Clip(CLIP)).image, torch.rand(2, 4, 64, 64)
    z_img, features = tower.with_features(picture)
    assert torch.equal(z_img, tower(picture))
    assert torch.equal(features, tower.features(picture))
    assert features.shape == (2, CLIP.image.widths[-1], 4, 4)


def test_weights_may_come_without_it_or_with_it() -> None:
    """Without: it stays as it is, and is told of. Too many: it is left."""
    plain, more = decoder(LATENT, seed=1), decoder(config_of(), seed=2)
    before = {name: value.clone() for name, value in more.state_dict().items() if name in training_only(more)}
    assert put_weights(more, plain.state_dict()) == [WHAT]
    for name, value in more.state_dict().items():
        assert torch.equal(value, before[name] if name in before else plain.state_dict()[name])
    other = decoder(LATENT, seed=3)
    assert put_weights(other, more.state_dict()) == []
    assert torch.equal(other.unet.stem.weight, plain.unet.stem.weight)
    assert put_weights(decoder(config_of(), seed=4), more.state_dict()) == []


def test_nothing_else_may_be_missing_or_too_much() -> None:
    network = decoder(config_of())
    state = dict(network.state_dict())
    for wrong in (
        {name: value for name, value in state.items() if name != "null_z"},
        state | {"more": torch.zeros(1)},
        state | {"align.0.bias": torch.zeros(3)},
    ):
        with pytest.raises(RuntimeError, match="Error"):
            put_weights(network, wrong)
