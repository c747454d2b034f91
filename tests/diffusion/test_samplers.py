import inspect
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.gaussian import Gaussian, Mixture, counted
from sfumato.diffusion.parameterization import add_noise, target
from sfumato.diffusion.samplers import (
    SAMPLERS,
    Step,
    ancestral_sigma,
    ddim,
    ddim_step,
    euler,
    heun,
    sampler,
    velocity,
)
from sfumato.diffusion.schedule import COSINE, FLOW, LINEAR, SCHEDULES, time_steps
from sfumato.errors import Cancelled, InputError

PATHS = pytest.mark.parametrize("path", SCHEDULES.values(), ids=SCHEDULES)
ALL = pytest.mark.parametrize("sample", SAMPLERS.values(), ids=SAMPLERS)
ORDERS = {"ddim": 1, "euler": 1, "heun": 2, "dpmpp_2m": 2}
CALLS = {"ddim": 1, "euler": 1, "heun": 2, "dpmpp_2m": 1}
START = np.linspace(-2.0, 2.0, 9)


def error(name: str, path, steps: int, *, t_max: float, t_min: float) -> float:
    """The largest error against the closed form after so many steps."""
    data = Gaussian(path)
    drawn = SAMPLERS[name](data.denoise, START, time_steps(steps, t_max=t_max, t_min=t_min), schedule=path)
    return float(np.abs(drawn - data.move(START, t_max, t_min)).max())


@PATHS
@pytest.mark.parametrize("name", SAMPLERS)
def test_doubling_the_steps_divides_the_error_by_two_to_the_order(name, path) -> None:
    errors = [error(name, path, steps, t_max=0.95, t_min=0.1) for steps in (512, 1024, 2048)]
    for coarse, fine in pairwise(errors):
        assert np.log2(coarse / fine) == pytest.approx(ORDERS[name], abs=0.15)


@pytest.mark.parametrize("path", [FLOW, COSINE], ids=["flow", "cosine"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_from_pure_noise_to_clean_data_the_samplers_converge(name, path) -> None:
    coarse, fine = (error(name, path, steps, t_max=1.0, t_min=0.0) for steps in (40, 160))
    assert fine < coarse / 3
    assert fine < 0.01


@PATHS
@ALL
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_singular_ends_are_exactly_finite(sample, path, steps) -> None:
    drawn = sample(Gaussian(path).denoise, START, time_steps(steps), schedule=path)
    assert np.all(np.isfinite(drawn))


@PATHS
@pytest.mark.parametrize("name", ["ddim", "heun", "dpmpp_2m"])
def test_the_last_step_to_clean_data_is_the_estimate_itself(name, path) -> None:
    seen: list[Step] = []
    drawn = SAMPLERS[name](Gaussian(path).denoise, START, time_steps(5), schedule=path, callback=seen.append)
    assert np.allclose(drawn, seen[-1].x_0, atol=1e-12)


@PATHS
@ALL
@given(point=st.floats(-3, 3), steps=st.integers(1, 12))
def test_a_known_picture_is_drawn_exactly(sample, path, point, steps) -> None:
    """A constant x_0 is a straight line for the flow, and every exponential integrator is exact on it."""
    if sample in (euler, heun) and path is not FLOW:
        return
    drawn = sample(lambda x, t: np.full_like(x, point), START, time_steps(steps), schedule=path)
    assert np.allclose(drawn, point)


@PATHS
@ALL
def test_numpy_and_torch_draw_the_same(sample, path) -> None:
    data = Gaussian(path)
    times = time_steps(7)
    of_numpy = sample(data.denoise, START.reshape(1, 3, 3), times, schedule=path)
    of_torch = sample(data.denoise, torch.from_numpy(START).reshape(1, 3, 3), times, schedule=path)
    assert isinstance(of_torch, torch.Tensor)
    assert np.allclose(of_torch.numpy(), of_numpy, atol=1e-12)


@PATHS
@ALL
@pytest.mark.parametrize("kind", [np.float32, torch.float32])
def test_single_precision_stays_single(sample, path, kind) -> None:
    x = START.astype(np.float32)
    drawn = sample(
        Gaussian(path).denoise, x if kind is np.float32 else torch.from_numpy(x), time_steps(4), schedule=path
    )
    assert drawn.dtype == kind


@ALL
def test_the_start_is_left_untouched(sample) -> None:
    x = START.copy()
    sample(Gaussian(FLOW).denoise, x, time_steps(3), schedule=FLOW)
    assert np.array_equal(x, START)


@pytest.mark.parametrize("name", SAMPLERS)
def test_estimates_per_step_and_none_at_the_clean_end(name) -> None:
    denoise, asked = counted(Gaussian(FLOW).denoise)
    SAMPLERS[name](denoise, START, time_steps(10), schedule=FLOW)
    assert len(asked) == 10 * CALLS[name] - (CALLS[name] - 1)
    assert 0.0 not in asked


@ALL
def test_every_step_is_reported_with_its_estimate(sample) -> None:
    data, seen = Gaussian(COSINE), list[Step]()
    times = time_steps(6)
    sample(data.denoise, START, times, schedule=COSINE, callback=seen.append)
    assert [step.index for step in seen] == list(range(6))
    assert {step.count for step in seen} == {6}
    assert [step.t for step in seen] == times[:-1]
    assert np.allclose(seen[0].x_0, data.denoise(START, 1.0))


@ALL
def test_a_callback_cancels_between_two_steps(sample) -> None:
    denoise, asked = counted(Gaussian(FLOW).denoise)

    def cancel(step: Step) -> None:
        if step.index == 1:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        sample(denoise, START, time_steps(10), schedule=FLOW, callback=cancel)
    assert min(asked) >= time_steps(10)[2]


@ALL
@pytest.mark.parametrize("times", [[], [0.5], [0.2, 0.4], [0.5, 0.5], [1.1, 0.0], [1.0, -0.1]])
def test_times_that_do_not_fall_are_refused(sample, times) -> None:
    with pytest.raises(InputError, match="must fall"):
        sample(Gaussian(FLOW).denoise, START, times, schedule=FLOW)


@pytest.mark.parametrize("name", ["euler", "heun"])
def test_for_the_flow_euler_is_ddim(name) -> None:
    times = time_steps(9)[:2] if name == "heun" else time_steps(9)
    data = Gaussian(FLOW)
    assert np.allclose(
        euler(data.denoise, START, times, schedule=FLOW), ddim(data.denoise, START, times, schedule=FLOW)
    )


def test_the_second_order_earns_its_keep_on_a_mixture() -> None:
    """At equal numbers of estimates, against a fine reference, where no closed form helps."""
    denoise = Mixture(COSINE).denoise
    x = np.linspace(-1.5, 1.5, 6)
    span = partial(time_steps, t_max=0.9, t_min=0.05)
    reference = heun(denoise, x, span(2000), schedule=COSINE)
    first, second = (
        np.abs(SAMPLERS[name](denoise, x, span(40), schedule=COSINE) - reference).max() for name in ("ddim", "dpmpp_2m")
    )
    assert second < first / 5


@PATHS
@given(t=st.floats(0.05, 1.0))
def test_velocity_is_the_targets_v(path, t) -> None:
    generator = np.random.default_rng(0)
    x_0, eps = generator.standard_normal((2, 5))
    x_t = add_noise(x_0, eps, schedule=path, t=t)
    v = target("v", x_0, eps, schedule=path, t=t)
    assert np.allclose(velocity(x_t, x_0, t, schedule=path), v, atol=1e-9)


@PATHS
@given(t=st.floats(0.05, 1.0), s=st.floats(0.0, 1.0))
def test_a_ddim_step_keeps_picture_and_noise(path, t, s) -> None:
    generator = np.random.default_rng(1)
    x_0, eps = generator.standard_normal((2, 5))
    x_t, x_s = (add_noise(x_0, eps, schedule=path, t=time) for time in (t, s))
    assert np.allclose(ddim_step(x_t, x_0, t, s, schedule=path), x_s, atol=1e-9)


@pytest.mark.parametrize("path", [COSINE, LINEAR], ids=["cosine", "linear"])
@given(t=st.floats(0.3, 1.0), s=st.floats(0.01, 0.29))
def test_the_ancestral_variance_is_ddims_formula(path, t, s) -> None:
    """Song et al. 2021, eq. 16, in their cumulative alphas a = alpha²."""
    a_t, a_s = path.alpha(t) ** 2, path.alpha(s) ** 2
    expected = np.sqrt((1 - a_s) / (1 - a_t)) * np.sqrt(1 - a_t / a_s)
    assert ancestral_sigma(t, s, schedule=path) == pytest.approx(expected, rel=1e-6)


def spread_error(path, eta: float, steps: int, t_min: float = 0.05) -> float:
    """The relative error of the drawn standard deviation, without sampling anything.

    For Gaussian data everything is linear, so entry k + 1 of x may carry the noise of step k alone, entry 0
    the start's, and the last none: what becomes of each is its share of the answer.
    """
    data = Gaussian(path)
    shares = np.eye(steps + 2)
    x = path.alpha(1.0) * data.mean + data.spread(1.0) * shares[0]
    times = time_steps(steps, t_min=t_min)
    drawn = ddim(data.denoise, x, times, schedule=path, eta=eta, noise=lambda k: shares[k + 1])
    return float(np.linalg.norm(drawn - drawn[-1]) / data.spread(t_min) - 1)


@PATHS
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_stochastic_steps_converge_to_the_variance_of_the_data(path, eta) -> None:
    """With the true denoiser every marginal is N(alpha·m, alpha²s² + sigma²) whatever eta, to first order."""
    coarse, fine = (spread_error(path, eta, steps) for steps in (400, 800))
    assert abs(fine) < 0.006
    assert coarse / fine == pytest.approx(2.0, abs=0.1)


@PATHS
def test_a_stochastic_step_to_clean_data_adds_nothing(path) -> None:
    data = Gaussian(path)
    asked: list[int] = []

    def noise(index: int) -> np.ndarray:
        asked.append(index)
        return np.ones_like(START)

    seen: list[Step] = []
    drawn = ddim(data.denoise, START, time_steps(4), schedule=path, eta=1.0, noise=noise, callback=seen.append)
    assert asked == [0, 1, 2]
    assert np.allclose(drawn, seen[-1].x_0)


@PATHS
def test_eta_decides_how_much_of_the_start_is_kept(path) -> None:
    """At eta 0 the answer is a function of the start; at eta 1 they are nearly independent."""
    data, generator = Gaussian(path), np.random.default_rng(5)
    start = generator.standard_normal(4000)
    kept = {}
    for eta in (0.0, 0.5, 1.0):
        drawn = ddim(
            data.denoise,
            start,
            time_steps(60),
            schedule=path,
            eta=eta,
            noise=lambda _: generator.standard_normal(4000),
        )
        kept[eta] = abs(np.corrcoef(start, drawn)[0, 1])
    assert kept[0.0] == pytest.approx(1.0)
    assert kept[0.0] > kept[0.5] + 0.05 > kept[1.0] + 0.1
    assert kept[1.0] < 0.25


@PATHS
def test_stochastic_sampling_in_torch_is_that_in_numpy(path) -> None:
    noises = np.random.default_rng(0).standard_normal((8, 3, 3))
    settings = {"denoise": Gaussian(path).denoise, "times": time_steps(8), "schedule": path, "eta": 0.7}
    start = START.reshape(3, 3)
    of_numpy = ddim(x=start, noise=lambda k: noises[k], **settings)
    of_torch = ddim(x=torch.from_numpy(start), noise=lambda k: torch.from_numpy(noises[k]), **settings)
    assert isinstance(of_torch, torch.Tensor)
    assert np.allclose(of_torch.numpy(), of_numpy, atol=1e-12)


@pytest.mark.parametrize("eta", [-0.1, 1.1, float("nan")])
def test_impossible_etas_are_refused(eta) -> None:
    with pytest.raises(InputError, match="eta"):
        ddim(lambda x, t: x, START, time_steps(2), schedule=FLOW, eta=eta, noise=lambda _: START)


def test_eta_without_noise_is_refused() -> None:
    with pytest.raises(InputError, match="needs noise"):
        ddim(lambda x, t: x, START, time_steps(2), schedule=FLOW, eta=0.5)


def test_samplers_are_found_by_their_names() -> None:
    assert {name: sampler(name) for name in SAMPLERS} == SAMPLERS
    with pytest.raises(InputError, match=r"'plms'.*ddim, euler, heun, dpmpp_2m"):
        sampler("plms")


@ALL
def test_all_are_called_alike(sample) -> None:
    names = list(inspect.signature(sample).parameters)
    assert names[:4] == ["denoise", "x", "times", "schedule"]
    assert names[-1] == "callback"
