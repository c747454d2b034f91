"""Noise of training: pure functions of the seed and the sample's number, with the moments that they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.config import TimesConfig
from sfumato_train.noise import generators, keep, mask, normal, stacked, times

MANY = 4000


def one_of_each(seed: int, first: int, count: int) -> list[torch.Tensor]:
    """Everything a decoder's batch draws, in its order."""
    rngs = generators(seed, first, count)
    masks = stacked(rngs, lambda rng: mask(rng, 16, 0.5))
    return [times(rngs, TimesConfig(at_noise=0.2)), normal(rngs, (2, 3)), keep(rngs, 0.3), masks]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**63 - 1), st.integers(0, 2**40), st.integers(1, 4), st.integers(1, 4))
def test_slices_are_the_whole(seed: int, first: int, count: int, more: int) -> None:
    whole = one_of_each(seed, first, count + more)
    parts = zip(one_of_each(seed, first, count), one_of_each(seed, first + count, more), strict=True)
    for all_of_it, (start, rest) in zip(whole, parts, strict=True):
        assert torch.equal(all_of_it, torch.cat([start, rest]))


def test_seeds_and_samples_differ() -> None:
    draws = [normal(generators(seed, j, 1), (4,))[0].tolist() for seed in range(3) for j in range(3)]
    assert len({tuple(draw) for draw in draws}) == 9


def test_noise_is_standard_normal() -> None:
    noise = normal(generators(1, 0, MANY), (5,)).flatten()
    assert noise.dtype == torch.float32
    assert abs(noise.mean()) < 4 / noise.numel() ** 0.5
    assert noise.var().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("drop", [0.0, 0.1, 0.5, 1.0])
def test_drops_happen_as_often_as_asked(drop: float) -> None:
    kept = keep(generators(2, 0, MANY), drop)
    assert set(kept.tolist()) <= {0.0, 1.0}
    spread = (drop * (1 - drop) / MANY) ** 0.5
    assert abs(1 - kept.mean().item() - drop) <= 4 * spread + 1e-6


def test_times_are_logit_normal() -> None:
    t = times(generators(3, 0, MANY), TimesConfig(mean=0.4, spread=1.3)).double()
    logits = torch.log(t / (1 - t))
    assert logits.mean().item() == pytest.approx(0.4, abs=4 * 1.3 / MANY**0.5)
    assert logits.std().item() == pytest.approx(1.3, rel=0.05)
    assert t.min() > 0
    assert t.max() < 1


def test_uniform_times_are_evenly_spread() -> None:
    drawn = times(generators(0, 0, MANY), TimesConfig(uniform=True, mean=3.0)).numpy()
    assert 0 < drawn.min() < drawn.max() < 1
    shares, _ = np.histogram(drawn, bins=10, range=(0, 1))
    np.testing.assert_allclose(shares / MANY, 0.1, atol=0.02)


def test_a_share_of_the_times_is_pure_noise() -> None:
    t = times(generators(4, 0, MANY), TimesConfig(at_noise=0.3))
    assert (t == 1).float().mean().item() == pytest.approx(0.3, abs=0.03)
    rest = times(generators(4, 0, MANY), TimesConfig())
    assert torch.equal(t[t < 1], rest[t < 1])


def test_masks_are_whole_or_of_shapes() -> None:
    drawn = [mask(rng, 32, 0.4) for rng in generators(5, 0, 1500)]
    assert all(one.shape == (1, 32, 32) and set(np.unique(one)) <= {0.0, 1.0} for one in drawn)
    partial = [one for one in drawn if one.min() == 0]
    # A few shapes cover everything or, turned round, nothing is left of them; hence a little below 0.4.
    assert 0.33 < len(partial) / len(drawn) <= 0.44
    covered = np.array([one.mean() for one in partial])
    assert covered.min() < 0.1
    assert covered.max() > 0.8


def test_no_masks_when_none_are_asked_for() -> None:
    assert all(mask(rng, 8, 0.0).min() == 1 for rng in generators(6, 0, 50))
