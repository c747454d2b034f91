import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion.guidance import combine, guided, scale_at
from sfumato.errors import InputError

SCALES = st.floats(0.0, 20.0)


@given(SCALES)
def test_guidance_follows_its_formula(scale) -> None:
    cond, uncond = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    assert np.allclose(guided(cond, uncond, scale), uncond + scale * (cond - uncond))


def test_scale_one_is_exactly_off() -> None:
    cond, uncond = np.float32([0.1, 0.3]), np.float32([1e8, -1e8])
    assert np.array_equal(guided(cond, uncond, 1.0), cond)
    assert np.array_equal(guided(cond, uncond, 0.0), uncond)


@given(SCALES)
def test_agreement_needs_no_guidance(scale) -> None:
    both = np.array([0.25, -4.0])
    assert np.array_equal(guided(both, both, scale), both)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor], ids=["numpy", "torch"])
def test_a_batch_holds_the_conditional_half_first(kind) -> None:
    batched = kind([[1.0, 1.0], [2.0, 2.0], [0.0, 1.0], [0.0, 3.0]])
    assert np.asarray(combine(batched, 3.0)).tolist() == [[3.0, 1.0], [6.0, 0.0]]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_halves_must_be_equal(count) -> None:
    with pytest.raises(InputError, match=f"batch of {count}"):
        combine(np.zeros((count, 2)), 2.0)


def test_the_interval_holds_both_its_ends() -> None:
    at = [scale_at(t, 4.0, (0.2, 0.8)) for t in (0.0, 0.19, 0.2, 0.5, 0.8, 0.81, 1.0)]
    assert at == [1.0, 1.0, 4.0, 4.0, 4.0, 1.0, 1.0]


@given(t=st.floats(0.0, 1.0), scale=SCALES)
def test_without_an_interval_guidance_is_always_on(t, scale) -> None:
    assert scale_at(t, scale) == scale


def test_guiding_a_gaussian_moves_its_mean_past_the_condition() -> None:
    """Two Gaussians that differ in their mean: the guided estimate is that of a mean further out."""
    x, pull = np.linspace(-1, 1, 5), 0.4
    cond, uncond = (mean + pull * (x - mean) for mean in (1.0, 0.2))
    assert np.allclose(guided(cond, uncond, 2.0), 1.8 + pull * (x - 1.8))
