from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.diffusion.parameterization import PREDICTIONS, Prediction, add_noise, target, to_eps, to_v, to_x0
from sfumato.diffusion.schedule import COSINE, FLOW, LINEAR, SCHEDULES
from sfumato.errors import InputError

PATHS = pytest.mark.parametrize("path", SCHEDULES.values(), ids=SCHEDULES)
KINDS = pytest.mark.parametrize("prediction", PREDICTIONS)


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x_0, eps = generator.standard_normal((2, 3, 4, 5, 5))
    return x_0, eps


def test_the_predictions_are_listed() -> None:
    assert get_args(Prediction) == PREDICTIONS == ("eps", "x0", "v")


@PATHS
@KINDS
@given(t=st.floats(0.02, 0.98))
def test_the_true_target_gives_back_picture_noise_and_velocity(path, prediction, t) -> None:
    x_0, eps = pair()
    x_t = add_noise(x_0, eps, schedule=path, t=t)
    output = target(prediction, x_0, eps, schedule=path, t=t)
    v = target("v", x_0, eps, schedule=path, t=t)
    assert np.allclose(to_x0(prediction, output, x_t, schedule=path, t=t), x_0, atol=1e-9)
    assert np.allclose(to_eps(prediction, output, x_t, schedule=path, t=t), eps, atol=1e-9)
    assert np.allclose(to_v(prediction, output, x_t, schedule=path, t=t), v, atol=1e-7)


@PATHS
@given(t=st.floats(0.02, 0.98))
def test_v_is_the_derivative_of_the_path(path, t) -> None:
    x_0, eps = pair()
    h = 1e-5
    after, before = (add_noise(x_0, eps, schedule=path, t=t + d) for d in (h, -h))
    v = target("v", x_0, eps, schedule=path, t=t)
    assert np.allclose((after - before) / (2 * h), v, atol=5e-3)


def test_flow_velocity_is_noise_less_picture() -> None:
    x_0, eps = pair()
    assert np.allclose(target("v", x_0, eps, schedule=FLOW, t=0.3), eps - x_0)


def test_cosine_velocity_is_salimans_and_ho_turned() -> None:
    """Their v = alpha·eps - sigma·x_0 with respect to the angle πt/2."""
    x_0, eps = pair()
    theirs = COSINE.alpha(0.3) * eps - COSINE.sigma(0.3) * x_0
    assert np.allclose(target("v", x_0, eps, schedule=COSINE, t=0.3), np.pi / 2 * theirs)


@PATHS
@KINDS
def test_times_per_picture_are_each_pictures_own(path, prediction) -> None:
    x_0, eps = pair()
    times = np.array([0.1, 0.5, 0.9])
    x_t = add_noise(x_0, eps, schedule=path, t=times)
    output = target(prediction, x_0, eps, schedule=path, t=times)
    together = to_v(prediction, output, x_t, schedule=path, t=times)
    for k, t in enumerate(times.tolist()):
        assert np.allclose(x_t[k], add_noise(x_0[k], eps[k], schedule=path, t=t))
        alone = to_v(prediction, output[k], x_t[k], schedule=path, t=t)
        assert np.allclose(together[k], alone)


@PATHS
@KINDS
def test_torch_agrees_with_numpy(path, prediction) -> None:
    x_0, eps = pair()
    times = np.array([0.1, 0.5, 0.9])
    tensors = [torch.from_numpy(a) for a in (x_0, eps, times)]
    x_t = add_noise(x_0, eps, schedule=path, t=times)
    x_t_torch = add_noise(tensors[0], tensors[1], schedule=path, t=tensors[2])
    assert np.allclose(x_t_torch.numpy(), x_t)
    output = target(prediction, x_0, eps, schedule=path, t=times)
    for convert in (to_x0, to_eps, to_v):
        of_numpy = convert(prediction, output, x_t, schedule=path, t=times)
        of_torch = convert(prediction, torch.from_numpy(output), x_t_torch, schedule=path, t=tensors[2])
        assert isinstance(of_torch, torch.Tensor)
        assert np.allclose(of_torch.numpy(), of_numpy)


@PATHS
@KINDS
@pytest.mark.parametrize("t", [0.0, 1.0])
def test_the_ends_stay_finite(path, prediction, t) -> None:
    x_0, eps = pair()
    x_t = add_noise(x_0, eps, schedule=path, t=t)
    output = target(prediction, x_0, eps, schedule=path, t=t)
    for convert in (to_x0, to_eps, to_v):
        assert np.all(np.isfinite(convert(prediction, output, x_t, schedule=path, t=t)))


@PATHS
@KINDS
def test_the_clean_end_is_the_picture_itself(path, prediction) -> None:
    x_0, eps = pair()
    output = target(prediction, x_0, eps, schedule=path, t=0.0)
    assert np.allclose(to_x0(prediction, output, x_0, schedule=path, t=0.0), x_0, atol=1e-5)


@pytest.mark.parametrize("path", [FLOW, COSINE], ids=["flow", "cosine"])
def test_v_tells_the_picture_where_eps_cannot(path) -> None:
    """At t = 1 alpha is 0: x_1 = eps holds nothing of the picture, the velocity does."""
    x_0, eps = pair()
    v = target("v", x_0, eps, schedule=path, t=1.0)
    assert np.allclose(to_x0("v", v, eps, schedule=path, t=1.0), x_0)


@given(t=st.floats(0.0, 0.05))
def test_the_floor_bounds_the_weight_of_a_loss_on_v(t) -> None:
    """An error of one in x_0 is an error of at most 1/floor + 1 in the flow's v."""
    x_0, eps = pair()
    x_t = add_noise(x_0, eps, schedule=FLOW, t=t)
    right, wrong = (to_v("x0", x_0 + d, x_t, schedule=FLOW, t=t, floor=0.05) for d in (0.0, 1.0))
    assert np.abs(wrong - right).max() <= 1 / 0.05 + 1 + 1e-9


def test_gradients_reach_the_output() -> None:
    output = torch.zeros(2, 3, requires_grad=True)
    to_v("x0", output, torch.ones(2, 3), schedule=LINEAR, t=torch.tensor([0.2, 0.8])).sum().backward()
    assert output.grad is not None
    assert torch.all(output.grad != 0)


@pytest.mark.parametrize("function", [to_x0, to_eps, to_v])
def test_an_unknown_prediction_is_refused(function) -> None:
    with pytest.raises(InputError, match=r"'score'.*eps, x0, v"):
        function("score", np.zeros(1), np.zeros(1), schedule=FLOW, t=0.5)


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(InputError, match="'noise'"):
        target("noise", np.zeros(1), np.zeros(1), schedule=FLOW, t=0.5)  # type: ignore[arg-type]
