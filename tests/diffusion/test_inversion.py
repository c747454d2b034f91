import numpy as np
import pytest
import torch

from diffusion.gaussian import Gaussian, Mixture, counted
from sfumato.diffusion.inversion import ddim_invert
from sfumato.diffusion.samplers import Step, ddim
from sfumato.diffusion.schedule import COSINE, FLOW, SCHEDULES, time_steps
from sfumato.errors import InputError

PATHS = pytest.mark.parametrize("path", SCHEDULES.values(), ids=SCHEDULES)
x_0 = np.linspace(-0.7, 1.3, 9)


def round_trip(data, steps: int, refinements: int, x=x_0) -> float:
    times = time_steps(steps)
    path = data.schedule
    noise = ddim_invert(data.denoise, x, times, schedule=path, refinements=refinements)
    return float(np.abs(ddim(data.denoise, noise, times, schedule=path) - x).max())


@PATHS
def test_what_is_inverted_is_drawn_again(path) -> None:
    assert round_trip(Gaussian(path), steps=20, refinements=8) < 1e-4


@PATHS
def test_refinements_pay(path) -> None:
    errors = [round_trip(Gaussian(path), steps=20, refinements=k) for k in (0, 2, 4, 8)]
    assert errors[0] > 10 * errors[1] > 10 * errors[2] > 10 * errors[3]


@PATHS
def test_more_steps_help_the_classic_inversion(path) -> None:
    few, many = (round_trip(Gaussian(path), steps=n, refinements=0) for n in (20, 80))
    assert many < few / 2.5


@pytest.mark.parametrize("path", [FLOW, COSINE], ids=["flow", "cosine"])
def test_a_mixture_comes_back_too(path) -> None:
    x = np.array([-1.2, -1.05, -0.9, 0.9, 1.0, 1.1])
    data = Mixture(path)
    assert round_trip(data, steps=50, refinements=2, x=x) < 2e-3
    assert round_trip(data, steps=50, refinements=0, x=x) > 2e-2


@PATHS
def test_the_noise_is_what_the_ode_says(path) -> None:
    """For Gaussian data x_T is known: the standardised x_0, to DDIM's own first order."""
    data = Gaussian(path)
    noise = ddim_invert(data.denoise, x_0, time_steps(400), schedule=path)
    assert np.allclose(noise, data.move(x_0, 0.0, 1.0), atol=0.03)


@PATHS
def test_data_becomes_standard_normal_noise(path) -> None:
    data = Gaussian(path)
    samples = data.mean + data.std * np.random.default_rng(0).standard_normal(20_000)
    noise = ddim_invert(data.denoise, samples, time_steps(50), schedule=path)
    assert noise.std() == pytest.approx(1.0, abs=0.06)
    assert noise.mean() == pytest.approx(0.0, abs=0.06)


def test_part_of_the_way() -> None:
    """An inversion may stop on the way, and start above the clean end."""
    data, times = Gaussian(FLOW), time_steps(10, t_max=0.6, t_min=0.1)
    x = data.move(x_0, 0.0, 0.1)
    noisy = ddim_invert(data.denoise, x, times, schedule=FLOW, refinements=6)
    assert np.allclose(ddim(data.denoise, noisy, times, schedule=FLOW), x, atol=1e-6)


@pytest.mark.parametrize(("refinements", "estimates"), [(0, 10), (1, 19), (3, 39)])
def test_the_cost_is_as_promised(refinements, estimates) -> None:
    """One guess a step but the first, which has a clean x, and the refinements."""
    denoise, asked = counted(Gaussian(FLOW).denoise)
    ddim_invert(denoise, x_0, time_steps(10), schedule=FLOW, refinements=refinements)
    assert len(asked) == estimates
    assert 0.0 not in asked


def test_torch_agrees_with_numpy() -> None:
    data, times = Gaussian(COSINE), time_steps(12)
    of_numpy = ddim_invert(data.denoise, x_0, times, schedule=COSINE)
    of_torch = ddim_invert(data.denoise, torch.from_numpy(x_0), times, schedule=COSINE)
    assert isinstance(of_torch, torch.Tensor)
    assert np.allclose(of_torch.numpy(), of_numpy, atol=1e-12)


def test_steps_are_reported_from_the_clean_end() -> None:
    seen: list[Step] = []
    times = time_steps(5)
    ddim_invert(Gaussian(FLOW).denoise, x_0, times, schedule=FLOW, callback=seen.append)
    assert [step.t for step in seen] == times[::-1][1:]
    assert [(step.index, step.count) for step in seen] == [(k, 5) for k in range(5)]
    assert all(step.x_0.shape == x_0.shape for step in seen)


def test_a_callback_can_stop_it() -> None:
    def stop(step: Step) -> None:
        raise KeyboardInterrupt

    denoise, asked = counted(Gaussian(FLOW).denoise)
    with pytest.raises(KeyboardInterrupt):
        ddim_invert(denoise, x_0, time_steps(5), schedule=FLOW, callback=stop)
    assert len(asked) == 2


def test_times_must_fall() -> None:
    with pytest.raises(InputError, match="must fall"):
        ddim_invert(Gaussian(FLOW).denoise, x_0, [0.0, 1.0], schedule=FLOW)
