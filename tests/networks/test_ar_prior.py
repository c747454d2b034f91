"""The autoregressive prior: one pass equals token by token, no number sees a later one, dropped words do not matter."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sfumato.networks.ar_prior import FIRST, TEXT, WORD, ArPrior, ArPriorConfig, quantile_waves
from support.networks import AR_PRIOR, caption, coded, filled

B, L, E, S, Q = 2, 6, AR_PRIOR.embedding, AR_PRIOR.numbers, AR_PRIOR.buckets


@pytest.fixture(scope="module")
def prior() -> ArPrior:
    torch.manual_seed(0)
    return coded(filled(ArPrior(AR_PRIOR)))


def said(*, real: int = 4, keep: float = 1.0, seed: int = 0, length: int = L) -> dict[str, Tensor]:
    feats, mask = caption(B, length, real, seed=seed)
    z_txt = torch.randn(B, E, generator=torch.Generator().manual_seed(seed))
    z_txt = torch.nn.functional.normalize(z_txt, dim=1)
    return {"txt_feats": feats, "txt_mask": mask, "z_txt": z_txt, "keep_txt": torch.full((B,), keep)}


def some_numbers(seed: int = 0) -> Tensor:
    return torch.randint(Q, (B, S), generator=torch.Generator().manual_seed(seed))


def token_by_token(prior: ArPrior, numbers: Tensor, given: dict[str, Tensor]) -> Tensor:
    """The logits that sampling sees: every token read on its own, keys and values kept."""
    past, seen = torch.randn(B, *prior.config.cache_shape), torch.zeros(B, prior.config.places)
    keep, place, out = given["keep_txt"], 0, []
    z_txt = given["z_txt"] * keep[:, None]
    nothing = torch.zeros(B, prior.config.text_width)

    def read(word: Tensor, bucket: Tensor, kind: int, real: Tensor) -> None:
        nonlocal place
        logits, present = prior.step(word, z_txt, bucket, torch.full((B,), kind), past, seen)
        past[:, :, :, :, place], seen[:, place] = present, real
        place += 1
        if kind != WORD:
            out.append(logits)

    for i in range(given["txt_feats"].shape[1]):
        read(given["txt_feats"][:, i], numbers[:, 0], WORD, given["txt_mask"][:, i] * keep)
    read(nothing, numbers[:, 0], TEXT, torch.ones(B))
    for i in range(S - 1):
        read(nothing, numbers[:, i], FIRST + i, torch.ones(B))
    return torch.stack(out, dim=1)


def test_shapes(prior: ArPrior) -> None:
    assert prior(some_numbers(), **said()).shape == (B, S, Q)
    assert AR_PRIOR.numbers == AR_PRIOR.components + 1
    assert AR_PRIOR.places == AR_PRIOR.max_words + 1 + AR_PRIOR.components
    assert AR_PRIOR.cache_shape == (3, 2, 2, AR_PRIOR.places, 16)


@pytest.mark.parametrize("keep", [0.0, 1.0])
@pytest.mark.parametrize("real", [1, 4, L])
def test_one_pass_is_token_by_token(prior: ArPrior, keep: float, real: int) -> None:
    """The cache begins as noise: what is not seen is not looked at."""
    given, numbers = said(keep=keep, real=real), some_numbers()
    whole = prior(numbers, **given)
    torch.testing.assert_close(token_by_token(prior, numbers, given), whole, atol=1e-5, rtol=1e-5)


def test_rows_of_a_step_are_apart(prior: ArPrior) -> None:
    given, numbers = said() | {"keep_txt": torch.tensor([1.0, 0.0])}, some_numbers()
    keep, drop = (prior(numbers, **said(keep=k)) for k in (1.0, 0.0))
    expected = torch.stack([keep[0], drop[1]])
    torch.testing.assert_close(prior(numbers, **given), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(token_by_token(prior, numbers, given), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("changed", range(S))
def test_a_number_changes_only_what_follows_it(prior: ArPrior, changed: int) -> None:
    numbers, given = some_numbers(), said()
    other = numbers.clone()
    other[:, changed] = (other[:, changed] + 3) % Q
    difference = (prior(other, **given) - prior(numbers, **given)).abs().amax(dim=(0, 2))
    assert (difference[: changed + 1] < 1e-6).all()
    assert (difference[changed + 1 :] > 1e-4).all()


def test_dropped_words_do_not_matter_nor_does_their_number(prior: ArPrior) -> None:
    numbers = some_numbers()
    first = prior(numbers, **said(keep=0.0))
    for given in (said(keep=0.0, seed=5), said(keep=0.0, real=1), said(keep=0.0, length=2, real=2)):
        torch.testing.assert_close(prior(numbers, **given), first, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["txt_feats", "z_txt"])
def test_kept_words_matter(prior: ArPrior, name: str) -> None:
    given, numbers = said(), some_numbers()
    changed = given | {name: said(seed=5)[name]}
    assert (prior(numbers, **changed) - prior(numbers, **given)).abs().max() > 1e-3


def test_padding_does_not_matter(prior: ArPrior) -> None:
    given, numbers = said(), some_numbers()
    short = given | {"txt_feats": given["txt_feats"][:, :4], "txt_mask": given["txt_mask"][:, :4]}
    garbled = given | {"txt_feats": given["txt_feats"].index_fill(1, torch.tensor([4, 5]), 9.0)}
    whole = prior(numbers, **given)
    torch.testing.assert_close(prior(numbers, **short), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(prior(numbers, **garbled), whole, atol=1e-5, rtol=1e-5)


def test_the_guess_is_the_texts_own_coordinate_in_the_pictures_spread(prior: ArPrior) -> None:
    """A text that is the mean plus one spread along a component guesses 1 there and 0 elsewhere."""
    spread = prior.centres[1:].square().mean(dim=1).sqrt()
    for k in (0, 3):
        text = prior.mean + spread[k] * prior.basis[k]
        # The guess asks only for the text's length to know whether there is one: here it is set to 1 by hand.
        length = text.norm()
        guess = prior._guesses((text / length)[None])[0] * length
        rest = (1 - length) * (prior.mean @ prior.basis.T) / spread
        torch.testing.assert_close(guess, torch.eye(AR_PRIOR.components)[k] + rest, atol=1e-4, rtol=1e-4)
    assert not prior._guesses(torch.zeros(1, E)).any()


def test_a_fresh_prior_follows_its_guess() -> None:
    """Before any training the tables tell neighbours alike: nearer buckets have nearer rows."""
    waves = quantile_waves(32, 64)
    assert waves.shape == (32, 64)
    assert torch.isfinite(waves).all()
    distances = (waves[16][None] - waves[16:]).norm(dim=1)
    assert (distances[1:6].diff() > 0).all()
    fresh = ArPrior(replace(AR_PRIOR, buckets=32))
    rows = fresh.bucket_out.weight.detach()
    assert (rows[15] - rows[16]).norm() < 0.5 * (rows[4] - rows[28]).norm()


def test_a_fresh_prior_knows_next_to_nothing_and_says_so() -> None:
    """Logits of a fresh network are small, so its loss begins near log Q, that of knowing nothing."""
    torch.manual_seed(1)
    fresh = coded(ArPrior(AR_PRIOR))
    loss = torch.nn.functional.cross_entropy(fresh(some_numbers(), **said()).flatten(0, 1), some_numbers().flatten())
    assert loss.item() == pytest.approx(math.log(Q), abs=0.35)


def test_the_code_is_no_parameter_and_travels_with_the_weights(prior: ArPrior) -> None:
    code = {"mean", "basis", "edges", "centres"}
    assert code <= set(prior.state_dict())
    assert code.isdisjoint(dict(prior.named_parameters()))


def test_the_default_fits_into_the_bundle() -> None:
    """At eight bits a weight the shipped sizes take less than 6.5 MB."""
    prior = ArPrior(ArPriorConfig())
    count = sum(parameter.numel() for parameter in prior.parameters())
    assert 3e6 < count < 6e6
