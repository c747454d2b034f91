"""The next token: a distribution over what is allowed, and draws from its nucleus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sfumato.pipeline.tokens import log_probabilities, nucleus

P = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
LOG_P = np.log(P).astype(np.float32)[[2, 0, 4, 1, 3]]  # shuffled: token 1 is the likeliest
SORTED = [1, 3, 0, 4, 2]


def share(token: int, *, temperature: float = 1.0, top_p: float = 1.0, draws: int = 2000) -> float:
    """How often a token is drawn by evenly spread numbers."""
    u = (np.arange(draws) + 0.5) / draws
    return float(np.mean([nucleus(LOG_P, x, temperature=temperature, top_p=top_p) == token for x in u]))


@given(
    scores=arrays(np.float32, 7, elements=st.floats(-50, 50, width=32)),
    allowed=arrays(np.bool_, 7).filter(lambda flags: bool(flags.any())),
)
def test_probabilities_of_what_is_allowed_sum_to_one(scores: np.ndarray, allowed: np.ndarray) -> None:
    log_p = log_probabilities(scores, allowed)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-4)
    assert np.all(np.isneginf(log_p[~allowed]))
    kept = np.flatnonzero(allowed)
    np.testing.assert_allclose(np.diff(log_p[kept]), np.diff(scores[kept]), atol=1e-3)


def test_everything_is_drawn_as_often_as_it_is_likely() -> None:
    for token, p in zip(SORTED, P, strict=True):
        assert share(token) == pytest.approx(p, abs=2e-3)


def test_the_nucleus_is_the_smallest_set_with_its_share() -> None:
    assert share(1, top_p=0.4) == 1
    assert share(1, top_p=0.6) == pytest.approx(0.5 / 0.7, abs=2e-3)  # the second is needed to reach 0.6
    assert share(0, top_p=0.6) == 0
    assert share(0, top_p=0.8) == pytest.approx(0.15 / 0.85, abs=2e-3)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_is_an_exponent(temperature: float) -> None:
    expected = P ** (1 / temperature) / (P ** (1 / temperature)).sum()
    for token, p in zip(SORTED, expected, strict=True):
        assert share(token, temperature=temperature) == pytest.approx(p, abs=2e-3)


def test_zero_takes_the_likeliest() -> None:
    assert {nucleus(LOG_P, u, temperature=0, top_p=1) for u in (0.0, 0.5, 0.999)} == {1}


@given(
    scores=arrays(np.float32, 9, elements=st.floats(-30, 30, width=32)),
    u=st.floats(0, 1, exclude_max=True, width=32),
    temperature=st.floats(0, 10),
    top_p=st.floats(0.01, 1),
)
def test_what_is_not_allowed_is_never_drawn(
    scores: np.ndarray, u: float, temperature: float, top_p: float
) -> None:
    allowed = np.arange(9) % 3 != 0
    token = nucleus(log_probabilities(scores, allowed), u, temperature=temperature, top_p=top_p)
    assert token % 3 != 0
