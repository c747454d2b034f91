"""The language model: one pass equals its steps, words do not see later ones, a dropped picture does not matter."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from sfumato.networks.language import NO_WORD, START, Language, LanguageConfig
from support.networks import filled

CONFIG = LanguageConfig(embedding=20, vocabulary=50, width=32, depth=3, heads=2, picture_tokens=3, max_tokens=8)
B, L, P = 2, 6, CONFIG.picture_tokens


@pytest.fixture(scope="module")
def language() -> Language:
    torch.manual_seed(0)
    return filled(Language(CONFIG))


def picture(seed: int = 0) -> Tensor:
    z = torch.randn(B, CONFIG.embedding, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(z, dim=1)


def said(seed: int = 0, length: int = L) -> Tensor:
    tokens = torch.randint(3, CONFIG.vocabulary, (B, length), generator=torch.Generator().manual_seed(seed))
    tokens[:, 0] = START
    return tokens


def by_steps(language: Language, z_img: Tensor, keep_z: Tensor, tokens: Tensor, *, rubbish: float = 0.0) -> Tensor:
    """The scores after each word, one token a step; places to come hold `rubbish`."""
    past = torch.full((B, *CONFIG.cache_shape), rubbish)
    scores = []
    for place in range(P + tokens.shape[1]):
        token = tokens[:, place - P] if place >= P else torch.full((B,), int(rubbish) % CONFIG.vocabulary)
        found, present = language.step(z_img, keep_z, token, torch.full((B,), place), past)
        past[:, :, :, :, place] = present
        scores.append(found)
    return torch.stack(scores[P:], dim=1)


@pytest.mark.parametrize("keep", [0.0, 1.0])
@pytest.mark.parametrize("rubbish", [0.0, 7.0])
def test_steps_are_the_whole(language: Language, keep: float, rubbish: float) -> None:
    z_img, keep_z, tokens = picture(), torch.full((B,), keep), said(length=CONFIG.max_tokens)
    expected = language(z_img, keep_z, tokens)
    assert expected.shape == (B, CONFIG.max_tokens, CONFIG.vocabulary)
    found = by_steps(language, z_img, keep_z, tokens, rubbish=rubbish)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_rows_may_be_at_different_places(language: Language) -> None:
    z_img, keep_z, tokens = picture(), torch.ones(B), said()
    past = torch.zeros(B, *CONFIG.cache_shape)
    for place in range(P + 2):
        token = tokens[:, max(0, place - P)]
        _, present = language.step(z_img, keep_z, token, torch.full((B,), place), past)
        past[:, :, :, :, place] = present
    token, place = torch.stack([tokens[0, 2], tokens[1, 1]]), torch.tensor([P + 2, P + 1])
    mixed, _ = language.step(z_img, keep_z, token, place, past)
    expected = language(z_img, keep_z, tokens)
    torch.testing.assert_close(mixed, torch.stack([expected[0, 2], expected[1, 1]]), atol=1e-4, rtol=1e-4)


def test_later_words_do_not_matter_to_earlier_ones(language: Language) -> None:
    tokens, other = said(), said(seed=1)
    other[:, :3] = tokens[:, :3]
    one, two = (language(picture(), torch.ones(B), each) for each in (tokens, other))
    torch.testing.assert_close(one[:, :3], two[:, :3], atol=1e-5, rtol=1e-5)
    assert (one[:, 3:] - two[:, 3:]).abs().max() > 1e-3


def test_a_dropped_picture_does_not_matter_and_a_kept_one_does(language: Language) -> None:
    one, two = (language(picture(seed), torch.zeros(B), said()) for seed in (0, 1))
    assert torch.equal(one, two)
    seen, other = (language(picture(seed), torch.ones(B), said()) for seed in (0, 1))
    assert (seen - other).abs().max() > 1e-3
    assert (seen - one).abs().max() > 1e-3


def test_each_row_drops_its_own(language: Language) -> None:
    keep, drop = (language(picture(), torch.full((B,), k), said()) for k in (1.0, 0.0))
    mixed = language(picture(), torch.tensor([1.0, 0.0]), said())
    torch.testing.assert_close(mixed, torch.stack([keep[0], drop[1]]), atol=1e-5, rtol=1e-5)


def test_what_is_seen_is_the_likelier_to_be_said(language: Language) -> None:
    """Sight adds (W z)·e to the score of the word e, the same at every place."""
    plain = filled(Language(CONFIG), seed=1)
    blind = filled(Language(CONFIG), seed=1)
    blind.load_state_dict(plain.state_dict())
    torch.nn.init.zeros_(blind.sight.weight)
    torch.nn.init.zeros_(blind.sight.bias)
    gain = plain(picture(), torch.ones(B), said()) - blind(picture(), torch.ones(B), said())
    expected = (plain.sight(picture()) @ plain.embed.weight.T)[:, None].expand_as(gain)
    torch.testing.assert_close(gain, expected, atol=1e-5, rtol=1e-4)


def test_the_words_travel_with_the_weights() -> None:
    one = Language(CONFIG)
    assert (one.words == NO_WORD).all()
    assert not one.ends.any()
    one.words.copy_(torch.arange(CONFIG.vocabulary))
    one.ends[3] = True
    other = Language(CONFIG)
    other.load_state_dict(one.state_dict())
    assert torch.equal(other.words, one.words)
    assert other.ends[3]


def test_the_shipped_size_fits_the_bundle() -> None:
    """One byte a weight in the bundle: six and a half million at the most."""
    assert sum(p.numel() for p in Language(LanguageConfig()).parameters()) < 6.0e6


def test_words_and_output_share_one_matrix() -> None:
    names = {name for name, p in Language(CONFIG).named_parameters() if CONFIG.vocabulary in p.shape}
    assert names == {"embed.weight"}


def test_places_are_picture_and_words() -> None:
    config = dataclasses.replace(CONFIG, max_tokens=11)
    assert config.places == 14
    assert config.cache_shape == (3, 2, 2, 14, 16)
