"""The prior: one pass equals prefix and steps, dropped words do not matter, and noise never reaches the prefix."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sfumato.networks.prior import STEP_TOKENS, Prior, PriorConfig, causal_mask, embedding_scale, visible
from support.networks import PRIOR, caption, filled

B, L, E = 2, 6, PRIOR.embedding


@pytest.fixture(scope="module")
def prior() -> Prior:
    torch.manual_seed(0)
    return filled(Prior(PRIOR))


def inputs(*, real: int = 4, keep: float = 1.0, seed: int = 0, length: int = L) -> dict[str, Tensor]:
    feats, mask = caption(B, length, real, seed=seed)
    z_txt = torch.randn(B, E, generator=torch.Generator().manual_seed(seed))
    return {"txt_feats": feats, "txt_mask": mask, "z_txt": z_txt / 4, "keep_txt": torch.full((B,), keep)}


def noisy(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, E, generator=generator), torch.rand(B, generator=generator)


def test_shapes(prior: Prior) -> None:
    assert prior(*noisy(), **inputs()).shape == (B, E)
    cache, real = prior.prefix(**inputs())
    assert cache.shape == (PRIOR.depth, 2, B, PRIOR.heads, L + 1, PRIOR.width // PRIOR.heads)
    assert real.tolist() == [[True] * 4 + [False] * 2 + [True]] * B


@pytest.mark.parametrize("keep", [0.0, 1.0])
@pytest.mark.parametrize("real", [1, 4, L])
def test_prefix_and_step_are_the_whole(prior: Prior, keep: float, real: int) -> None:
    said = inputs(keep=keep, real=real)
    cache, mask = prior.prefix(**said)
    for seed in range(3):  # one prefix serves every step
        z_t, t = noisy(seed)
        torch.testing.assert_close(prior.step(z_t, t, cache, mask), prior(z_t, t, **said), atol=1e-5, rtol=1e-5)


def test_each_sample_drops_its_own_words(prior: Prior) -> None:
    z_t, t = noisy()
    keep, drop = prior(z_t, t, **inputs(keep=1.0)), prior(z_t, t, **inputs(keep=0.0))
    mixed = prior(z_t, t, **(inputs() | {"keep_txt": torch.tensor([1.0, 0.0])}))
    torch.testing.assert_close(mixed, torch.stack([keep[0], drop[1]]), atol=1e-5, rtol=1e-5)


def test_dropped_words_do_not_matter_nor_does_their_number(prior: Prior) -> None:
    z_t, t = noisy()
    first = prior(z_t, t, **inputs(keep=0.0))
    for said in (inputs(keep=0.0, seed=5), inputs(keep=0.0, real=1), inputs(keep=0.0, length=2, real=2)):
        torch.testing.assert_close(prior(z_t, t, **said), first, atol=1e-5, rtol=1e-5)


def test_kept_words_matter(prior: Prior) -> None:
    z_t, t = noisy()
    said = inputs()
    first = prior(z_t, t, **said)
    other = inputs(seed=5)
    for name in ("txt_feats", "z_txt"):
        assert (prior(z_t, t, **(said | {name: other[name]})) - first).abs().max() > 1e-3


def test_padding_does_not_matter(prior: Prior) -> None:
    z_t, t = noisy()
    said = inputs()
    short = said | {"txt_feats": said["txt_feats"][:, :4], "txt_mask": said["txt_mask"][:, :4]}
    garbled = said | {"txt_feats": said["txt_feats"].index_fill(1, torch.tensor([4, 5]), 9.0)}
    whole = prior(z_t, t, **said)
    torch.testing.assert_close(prior(z_t, t, **short), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(prior(z_t, t, **garbled), whole, atol=1e-5, rtol=1e-5)


def test_no_gradient_runs_from_the_prefix_to_the_noise_and_one_does_from_the_answer(prior: Prior) -> None:
    z_t, t = (part.requires_grad_() for part in noisy())
    cache, real = prior.prefix(**inputs())
    assert not cache.requires_grad
    prior.step(z_t, t, cache, real).sum().backward()
    assert z_t.grad is not None
    assert t.grad is not None
    assert z_t.grad.abs().sum() > 0
    assert t.grad.abs().sum() > 0


def test_later_words_do_not_change_the_keys_of_earlier_ones(prior: Prior) -> None:
    said = inputs(real=L)
    other = said | {"txt_feats": said["txt_feats"].index_fill(1, torch.tensor([3]), 9.0)}
    one, two = prior.prefix(**said)[0], prior.prefix(**other)[0]
    torch.testing.assert_close(one[..., :3, :], two[..., :3, :])
    assert (one[..., 3:, :] - two[..., 3:, :]).abs().max() > 1e-2


def test_a_fresh_prior_leaves_its_tokens_alone() -> None:
    fresh = Prior(PRIOR).eval()
    z_t, t = noisy()
    query = fresh.query[None, None].expand(B, 1, -1)
    torch.testing.assert_close(fresh(z_t, t, **inputs()), fresh._read(query))


def test_masks() -> None:
    assert causal_mask(3, torch.device("cpu")).tolist() == [[True, False, False], [True, True, False], [True] * 3]
    seen = visible(torch.tensor([[True, False, True]]))[0, 0]
    assert seen.tolist() == [[True, False, True], [True, True, True], [True, False, True]]
    assert STEP_TOKENS == 3


def test_the_scale_is_the_papers() -> None:
    assert embedding_scale(1024) == pytest.approx(17.2)
    # A unit vector of E dimensions has entries of 1/√E: scaled, they are of the same size for every E.
    assert embedding_scale(384) / math.sqrt(384) == pytest.approx(embedding_scale(64) / 8)


def test_the_default_is_the_one_that_ships_about_15_million() -> None:
    count = sum(parameter.numel() for parameter in Prior(PriorConfig()).parameters())
    assert 14e6 < count < 17e6
