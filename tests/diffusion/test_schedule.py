import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion.schedule import COSINE, FLOW, LINEAR, SCHEDULES, lambda_, schedule, shifted, time_steps
from sfumato.errors import InputError

ALL = pytest.mark.parametrize("path", SCHEDULES.values(), ids=SCHEDULES)
INNER = st.floats(0.01, 0.99)


def test_schedules_are_found_by_their_names() -> None:
    assert schedule("flow") is FLOW
    assert schedule("cosine") is COSINE
    assert schedule("linear") is LINEAR


def test_an_unknown_schedule_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'sine'.*flow, cosine, linear"):
        schedule("sine")


@ALL
def test_the_clean_end_is_exact(path) -> None:
    assert path.alpha(0.0) == 1.0
    assert path.sigma(0.0) == 0.0
    assert lambda_(path, 0.0) == math.inf


@pytest.mark.parametrize("path", [FLOW, COSINE], ids=["flow", "cosine"])
@pytest.mark.parametrize("one", [1.0, np.ones(2, np.float32), torch.ones(2)], ids=["float", "numpy", "torch"])
def test_the_noisy_end_is_exact_in_every_precision(path, one) -> None:
    assert np.all(np.asarray(path.alpha(one)) == 0.0)
    assert np.all(np.asarray(path.sigma(one)) == 1.0)
    assert np.all(np.asarray(lambda_(path, one)) == -np.inf)


def test_linear_is_the_limit_of_ddpm() -> None:
    """alpha_bar_k = prod(1 - beta) of the 1000 discrete steps, Ho et al. 2020."""
    alpha_bar = np.cumprod(1.0 - np.linspace(1e-4, 2e-2, 1000))
    times = np.arange(1, 1001) / 1000
    # each discrete factor 1 - beta falls short of exp(-beta) by beta²/2, which adds up to 0.067
    assert np.allclose(np.log(LINEAR.alpha(times) ** 2), np.log(alpha_bar), atol=0.09)
    assert LINEAR.alpha(1.0) == pytest.approx(math.exp(-0.5 * 10.05))


@pytest.mark.parametrize("path", [COSINE, LINEAR], ids=["cosine", "linear"])
@given(t=st.floats(0.0, 1.0))
def test_variance_is_preserved(path, t) -> None:
    assert path.alpha(t) ** 2 + path.sigma(t) ** 2 == pytest.approx(1.0)


@ALL
@given(t=INNER)
def test_derivatives_agree_with_differences(path, t) -> None:
    h = 1e-5
    assert path.d_alpha(t) == pytest.approx((path.alpha(t + h) - path.alpha(t - h)) / (2 * h), abs=1e-4)
    assert path.d_sigma(t) == pytest.approx((path.sigma(t + h) - path.sigma(t - h)) / (2 * h), abs=1e-3)


@ALL
def test_lambda_falls(path) -> None:
    values = lambda_(path, np.linspace(0.0, 1.0, 101))
    assert np.all(values[1:] < values[:-1])


@ALL
@pytest.mark.parametrize("method", ["alpha", "sigma", "d_alpha", "d_sigma"])
def test_floats_arrays_and_tensors_agree(path, method) -> None:
    function = getattr(path, method)
    times = [0.0, 0.125, 0.5, 0.875, 1.0]
    floats = [function(t) for t in times]
    of_numpy, of_torch = function(np.array(times)), function(torch.tensor(times, dtype=torch.float64))
    assert all(isinstance(value, float) for value in floats)
    assert isinstance(of_numpy, np.ndarray)
    assert isinstance(of_torch, torch.Tensor)
    assert np.allclose(of_numpy, floats)
    assert np.allclose(of_torch.numpy(), floats)


@ALL
def test_single_precision_stays_single(path) -> None:
    assert path.alpha(np.full(3, 0.5, np.float32)).dtype == np.float32
    assert path.d_sigma(torch.full((3,), 0.5)).dtype == torch.float32


@ALL
def test_gradients_flow_through_t(path) -> None:
    t = torch.tensor([0.3], requires_grad=True)
    path.sigma(t).sum().backward()
    assert t.grad is not None
    assert t.grad.item() == pytest.approx(path.d_sigma(0.3), rel=1e-4)


def test_even_steps() -> None:
    assert time_steps(4) == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert time_steps(1) == [1.0, 0.0]


def test_shift_follows_its_formula() -> None:
    assert time_steps(4, shift=3.0) == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])
    assert shifted(0.5, 3.0) == 0.75


@given(
    n=st.integers(1, 200),
    t_max=st.floats(0.5, 1.0),
    t_min=st.floats(0.0, 0.4),
    shift=st.floats(0.1, 10.0),
)
def test_steps_fall_strictly_between_exact_ends(n, t_max, t_min, shift) -> None:
    times = time_steps(n, t_max=t_max, t_min=t_min, shift=shift)
    assert len(times) == n + 1
    assert times[0] == t_max
    assert times[-1] == t_min
    assert all(later < earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    ("n", "settings", "words"),
    [
        (0, {}, "at least one step"),
        (5, {"t_max": 0.2, "t_min": 0.2}, "t_max and t_min"),
        (5, {"t_max": 1.2}, "t_max and t_min"),
        (5, {"t_min": -0.1}, "t_max and t_min"),
        (5, {"shift": 0.0}, "shift"),
        (5, {"shift": float("nan")}, "shift"),
    ],
)
def test_impossible_steps_are_refused(n, settings, words) -> None:
    with pytest.raises(InputError, match=words):
        time_steps(n, **settings)
