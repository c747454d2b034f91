"""The decoder: what is dropped or padded does not matter, and everything else does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato.networks.decoder import IMAGE_TOKENS, MASK_SIZE, Decoder, DecoderConfig
from support.networks import LATENT, PIXEL, caption, filled

B, L, E = 2, 6, LATENT.embedding
KINDS = {"latent": LATENT, "pixel": PIXEL}


@pytest.fixture(scope="module", params=list(KINDS))
def decoder(request: pytest.FixtureRequest) -> Decoder:
    torch.manual_seed(0)
    return filled(Decoder(KINDS[request.param]))


def inputs(config: DecoderConfig, *, real: int = 4, length: int = L, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(100)
    point = (B, config.channels, config.size, config.size)
    feats, mask = caption(B, length, real, seed=seed)
    return {
        "x_t": torch.randn(point, generator=generator),
        "t": torch.tensor([0.2, 0.9]),
        "z_img": torch.nn.functional.normalize(torch.randn(B, E, generator=generator)),
        "keep_z": torch.ones(B),
        "txt_feats": feats,
        "txt_mask": mask,
        "keep_txt": torch.ones(B),
        "known": torch.zeros(point),
        "mask": torch.ones(B, 1, MASK_SIZE, MASK_SIZE),
    }


def close(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_it_gives_a_point_of_its_space(decoder: Decoder) -> None:
    given = inputs(decoder.config)
    made = decoder(**given)
    assert made.shape == given["x_t"].shape
    assert made.abs().max() > 1e-2


def test_a_fresh_decoder_gives_zero() -> None:
    for config in KINDS.values():
        assert not Decoder(config)(**inputs(config)).any()


def test_every_input_matters(decoder: Decoder) -> None:
    given = inputs(decoder.config)
    first = decoder(**given)
    half = torch.ones(B, 1, MASK_SIZE, MASK_SIZE)
    half[..., :32] = 0
    changes = {
        "x_t": given["x_t"] + 0.5,
        "t": torch.tensor([0.6, 0.1]),
        "z_img": -given["z_img"],
        "keep_z": torch.zeros(B),
        "txt_feats": -given["txt_feats"],
        "keep_txt": torch.zeros(B),
        "known": torch.ones_like(given["known"]),
        "mask": half,
    }
    for name, value in changes.items():
        assert (decoder(**(given | {name: value})) - first).abs().max() > 1e-4, name


def test_a_dropped_caption_does_not_matter_nor_does_its_length(decoder: Decoder) -> None:
    dropped = {"keep_txt": torch.zeros(B)}
    first = decoder(**(inputs(decoder.config) | dropped))
    for changes in ({"seed": 5}, {"real": 1}, {"real": L}, {"length": 2, "real": 2}):
        close(decoder(**(inputs(decoder.config, **changes) | dropped)), first)


def test_a_dropped_embedding_does_not_matter(decoder: Decoder) -> None:
    given = inputs(decoder.config) | {"keep_z": torch.zeros(B)}
    close(decoder(**(given | {"z_img": -3 * given["z_img"]})), decoder(**given))


def test_padding_does_not_matter(decoder: Decoder) -> None:
    given = inputs(decoder.config)
    short = {name: given[name][:, :4] for name in ("txt_feats", "txt_mask")}
    garbled = {"txt_feats": given["txt_feats"].index_fill(1, torch.tensor([4, 5]), 9.0)}
    whole = decoder(**given)
    close(decoder(**(given | short)), whole)
    close(decoder(**(given | garbled)), whole)


def test_a_sample_does_not_depend_on_its_neighbours(decoder: Decoder) -> None:
    given = inputs(decoder.config) | {"keep_txt": torch.tensor([1.0, 0.0]), "keep_z": torch.tensor([0.0, 1.0])}
    whole = decoder(**given)
    for i in range(B):
        close(decoder(**{name: value[i : i + 1] for name, value in given.items()}), whole[i : i + 1])


def test_the_context_is_four_image_tokens_and_the_caption(decoder: Decoder) -> None:
    given = inputs(decoder.config)
    names = ("z_img", "keep_z", "txt_feats", "txt_mask", "keep_txt")
    emb, context, mask = decoder.conditioning(*(given[name] for name in names))
    assert emb.shape == (B, decoder.config.unet.embedding)
    assert context.shape == (B, IMAGE_TOKENS + L, decoder.config.unet.context)
    assert mask.tolist() == [[True] * (IMAGE_TOKENS + 4) + [False] * 2] * B
    dropped = given | {"keep_txt": torch.zeros(B)}
    _, _, mask = decoder.conditioning(*(dropped[name] for name in names))
    assert mask.tolist() == [[True] * (IMAGE_TOKENS + 1) + [False] * (L - 1)] * B


def test_guidance_learns_its_nulls() -> None:
    trained = Decoder(LATENT).train()
    for parameter in trained.parameters():
        parameter.data.normal_(0, 0.1)
    given = inputs(LATENT) | {"keep_z": torch.zeros(B), "keep_txt": torch.zeros(B)}
    trained(**given).square().mean().backward()
    assert trained.null_z.grad is not None
    assert trained.null_txt.grad is not None
    assert trained.null_z.grad.any()
    assert trained.null_txt.grad.any()
    # In a distributed run every parameter must take part, or the ranks wait for one another.
    assert all(parameter.grad is not None for parameter in trained.parameters())
