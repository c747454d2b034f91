"""CLIP's towers: unit embeddings, blind to padding, what is frozen stays so."""

from __future__ import annotations

import pytest
import torch

from sfumato.networks.clip import MAX_SCALE, Clip
from support.networks import CLIP, TEXT, filled


@pytest.fixture(scope="module")
def clip() -> Clip:
    torch.manual_seed(0)
    return filled(Clip(CLIP))


def words(length: int = 6, real: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.arange(2 * length).reshape(2, length) % TEXT.vocabulary
    return tokens, (torch.arange(length) < real).long().expand(2, -1)


def test_embeddings_have_unit_length(clip: Clip) -> None:
    z_txt, feats = clip.text(*words())
    z_img = clip.image(torch.rand(3, 4, 64, 64))
    assert feats.shape == (2, 6, TEXT.width)
    assert z_txt.shape == (2, CLIP.embedding)
    assert z_img.shape == (3, CLIP.embedding)
    torch.testing.assert_close(z_txt.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(z_img.norm(dim=1), torch.ones(3))


def test_both_inputs_matter(clip: Clip) -> None:
    z = clip.image(torch.stack([torch.zeros(4, 64, 64), torch.rand(4, 64, 64)]))
    assert (z[0] - z[1]).abs().max() > 1e-3
    z_txt, _ = clip.text(*words())
    assert (z_txt[0] - z_txt[1]).abs().max() > 1e-3


def test_padding_does_not_matter(clip: Clip) -> None:
    tokens, mask = words()
    z_txt, feats = clip.text(tokens, mask)
    short, short_feats = clip.text(tokens[:, :4], mask[:, :4])
    torch.testing.assert_close(short, z_txt, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(short_feats, feats[:, :4], atol=1e-5, rtol=1e-5)
    garbled, _ = clip.text(tokens.index_fill(1, torch.tensor([4, 5]), 9), mask)
    torch.testing.assert_close(garbled, z_txt, atol=1e-5, rtol=1e-5)


def test_the_image_towers_map_is_a_sixteenth(clip: Clip) -> None:
    assert clip.image.features(torch.rand(1, 4, 64, 64)).shape == (1, 32, 4, 4)


def test_the_scale_is_bounded(clip: Clip) -> None:
    picture = torch.rand(2, 4, 64, 64)
    assert clip(picture, *words())[2].item() == pytest.approx(torch.tensor(2.3).exp().item())
    hot = Clip(CLIP)
    hot.log_scale.data.fill_(9.0)
    assert hot(picture, *words())[2].item() == MAX_SCALE


def test_only_the_last_text_layers_are_tuned() -> None:
    trained = {name for name, parameter in Clip(CLIP).named_parameters() if parameter.requires_grad}
    assert any(name.startswith("text.encoder.layers.1.") for name in trained)
    assert not any(name.startswith(("text.encoder.layers.0.", "text.encoder.words")) for name in trained)
    assert {"text.project.weight", "log_scale", "image.project.weight"} <= trained
