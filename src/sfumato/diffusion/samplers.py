"""Samplers: from noise to data along the probability-flow ODE, or beside it where eta > 0.

A sampler is a pure function of a callable, x_t, t → estimate of x_0. It walks `times`, a decreasing
sequence as made by `time_steps`, and knows nothing of networks, prompts or guidance. All work on numpy
arrays and torch tensors of any shape, and are exact at the ends: nothing is divided by alpha, nor by a
sigma of 0, so that a schedule may start in pure noise and end in a clean picture.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from sfumato.diffusion.arrays import Array
from sfumato.diffusion.schedule import Schedule, lambda_
from sfumato.errors import InputError

Denoise = Callable[[Array, float], Array]
"""(x_t, t) → the estimate of x_0, of x_t's shape."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step of a sampler."""

    index: int
    """From 0 to count - 1."""
    count: int
    t: float
    """The time at which x_0 was estimated."""
    x_0: Array
    """The estimate of the clean array at that time."""


Callback = Callable[[Step], None]
"""Called after every step. What it raises ends the sampling: this is how work is cancelled."""


class Sampler(Protocol):
    """What every entry of SAMPLERS can be called with."""

    def __call__(
        self,
        denoise: Denoise,
        x: Array,
        times: Sequence[float],
        *,
        schedule: Schedule,
        callback: Callback | None = None,
    ) -> Array:
        """x at times[-1], given x at times[0]."""


def _report(callback: Callback | None, index: int, times: Sequence[float], x_0: Array) -> None:
    if callback is not None:
        callback(Step(index=index, count=len(times) - 1, t=times[index], x_0=x_0))


def check_times(times: Sequence[float]) -> None:
    """InputError unless there are two times or more, strictly falling within [0, 1]."""
    falling = all(later < earlier for earlier, later in pairwise(times))
    if len(times) < 2 or not falling or times[0] > 1.0 or times[-1] < 0.0:
        raise InputError(f"A sampler's times must fall from at most 1 to at least 0, not {list(times)}.")


def ddim_step(x: Array, x_0: Array, t: float, s: float, *, schedule: Schedule) -> Array:
    """x_s = alpha_s·x_0 + sigma_s·eps, with eps = (x_t - alpha_t·x_0)/sigma_t (Song et al. 2021, eq. 12).

    Also the exact solution of the ODE from t to s for a constant x_0, in either direction. Needs sigma_t > 0.
    """
    ratio = schedule.sigma(s) / schedule.sigma(t)
    return ratio * x + (schedule.alpha(s) - ratio * schedule.alpha(t)) * x_0


def ancestral_sigma(t: float, s: float, *, schedule: Schedule) -> float:
    """Standard deviation of x_s given x_t and x_0: DDPM's posterior, for any schedule.

    With alpha_ts = alpha_t/alpha_s and sigma_ts² = sigma_t² - alpha_ts²·sigma_s², it is
    sigma_ts·sigma_s/sigma_t (Kingma et al. 2021, arXiv 2107.00630, eq. 24).
    """
    ratio = schedule.alpha(t) / schedule.alpha(s)
    variance = schedule.sigma(t) ** 2 - ratio**2 * schedule.sigma(s) ** 2
    return float(math.sqrt(max(variance, 0.0)) * schedule.sigma(s) / schedule.sigma(t))


def ddim(
    denoise: Denoise,
    x: Array,
    times: Sequence[float],
    *,
    schedule: Schedule,
    eta: float = 0.0,
    noise: Callable[[int], Array] | None = None,
    callback: Callback | None = None,
) -> Array:
    """DDIM (Song et al. 2021, arXiv 2010.02502), first order. eta 0 follows the ODE, eta 1 is DDPM.

    noise(index) gives the standard normal of x's shape that step `index` adds; it is needed, and called,
    only where eta > 0 and the step does not end in a clean array. Raises InputError for an eta outside
    [0, 1] or one without noise.
    """
    check_times(times)
    if not 0.0 <= eta <= 1.0:
        raise InputError(f"eta must lie between 0 (deterministic) and 1 (DDPM), not {eta}.")
    if eta > 0.0 and noise is None:
        raise InputError("A sampler with eta above 0 needs noise to add; give noise or set eta to 0.")
    for index, (t, s) in enumerate(pairwise(times)):
        x_0 = denoise(x, t)
        added = eta * ancestral_sigma(t, s, schedule=schedule)
        if noise is None or added == 0.0:
            x = ddim_step(x, x_0, t, s, schedule=schedule)
        else:
            eps = (x - schedule.alpha(t) * x_0) / schedule.sigma(t)
            kept = math.sqrt(max(schedule.sigma(s) ** 2 - added**2, 0.0))
            x = schedule.alpha(s) * x_0 + kept * eps + added * noise(index)
        _report(callback, index, times, x_0)
    return x


def velocity(x: Array, x_0: Array, t: float, *, schedule: Schedule) -> Array:
    """dx/dt = dalpha·x_0 + dsigma·(x_t - alpha·x_0)/sigma. Needs sigma_t > 0."""
    growth = schedule.d_sigma(t) / schedule.sigma(t)
    return growth * x + (schedule.d_alpha(t) - growth * schedule.alpha(t)) * x_0


def euler(
    denoise: Denoise,
    x: Array,
    times: Sequence[float],
    *,
    schedule: Schedule,
    callback: Callback | None = None,
) -> Array:
    """Euler's method on dx/dt, first order. For the flow schedule it is DDIM."""
    check_times(times)
    for index, (t, s) in enumerate(pairwise(times)):
        x_0 = denoise(x, t)
        x = x + (s - t) * velocity(x, x_0, t, schedule=schedule)
        _report(callback, index, times, x_0)
    return x


def heun(
    denoise: Denoise,
    x: Array,
    times: Sequence[float],
    *,
    schedule: Schedule,
    callback: Callback | None = None,
) -> Array:
    """Heun's method on dx/dt (Karras et al. 2022, arXiv 2206.00364, algorithm 1), second order.

    Two estimates a step. A step that ends where sigma is 0 is a DDIM step, since the velocity there is 0/0.
    """
    check_times(times)
    for index, (t, s) in enumerate(pairwise(times)):
        x_0 = denoise(x, t)
        if schedule.sigma(s) == 0.0:
            x = ddim_step(x, x_0, t, s, schedule=schedule)
        else:
            slope = velocity(x, x_0, t, schedule=schedule)
            ahead = x + (s - t) * slope
            x = x + (s - t) * 0.5 * (slope + velocity(ahead, denoise(ahead, s), s, schedule=schedule))
        _report(callback, index, times, x_0)
    return x


def dpmpp_2m(
    denoise: Denoise,
    x: Array,
    times: Sequence[float],
    *,
    schedule: Schedule,
    callback: Callback | None = None,
) -> Array:
    """DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2), second order, one estimate a step.

    x_0 is extrapolated along lambda = log(alpha/sigma) from this estimate and the last one. Where lambda is
    infinite (a step from pure noise, the step after it, and one to a clean array) the step is first order.
    """
    check_times(times)
    last: Array = None
    for index, (t, s) in enumerate(pairwise(times)):
        x_0 = denoise(x, t)
        gain = 0.0
        if index > 0:
            gain = _extrapolation(times[index - 1], t, s, schedule)
        ahead = x_0 if gain == 0.0 else x_0 + gain * (x_0 - last)
        x = ddim_step(x, ahead, t, s, schedule=schedule)
        last = x_0
        _report(callback, index, times, x_0)
    return x


def _extrapolation(before: float, t: float, s: float, schedule: Schedule) -> float:
    """1/(2r) of the paper, r = (lambda_t - lambda_before)/(lambda_s - lambda_t); 0 where r is no number."""
    past = lambda_(schedule, t) - lambda_(schedule, before)
    coming = lambda_(schedule, s) - lambda_(schedule, t)
    return 0.5 * coming / past if math.isfinite(past) and math.isfinite(coming) else 0.0


SAMPLERS: dict[str, Sampler] = {"ddim": ddim, "euler": euler, "heun": heun, "dpmpp_2m": dpmpp_2m}


def sampler(name: str) -> Sampler:
    """The sampler called `name`; InputError naming the known ones otherwise."""
    if name not in SAMPLERS:
        raise InputError(f"There is no sampler {name!r}; choose one of {', '.join(SAMPLERS)}.")
    return SAMPLERS[name]
