"""Gaussian data, for which the perfect denoiser and the sampler's answer are known in closed form.

With x_0 ~ N(m, s²), x_t ~ N(alpha·m, alpha²s² + sigma²): the best estimate is linear in x_t, and the
probability-flow ODE only stretches the deviation from the mean by the ratio of the standard deviations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sfumato.diffusion.samplers import Denoise
from sfumato.diffusion.schedule import Schedule


@dataclass(frozen=True)
class Gaussian:
    schedule: Schedule
    mean: float = 0.3
    std: float = 0.5

    def spread(self, t: float) -> float:
        """The standard deviation of x_t."""
        return float(np.hypot(self.schedule.alpha(t) * self.std, self.schedule.sigma(t)))

    def denoise(self, x: Any, t: float) -> Any:
        """E[x_0 | x_t]."""
        alpha = self.schedule.alpha(t)
        return self.mean + alpha * self.std**2 / self.spread(t) ** 2 * (x - alpha * self.mean)

    def move(self, x: Any, t: float, s: float) -> Any:
        """The ODE's exact x_s from x_t."""
        deviation = x - self.schedule.alpha(t) * self.mean
        return self.schedule.alpha(s) * self.mean + self.spread(s) / self.spread(t) * deviation


@dataclass(frozen=True)
class Mixture:
    """Two narrow Gaussians at -1 and 1: a denoiser that is not linear."""

    schedule: Schedule
    std: float = 0.1

    def denoise(self, x: Any, t: float) -> Any:
        alpha, sigma = self.schedule.alpha(t), self.schedule.sigma(t)
        variance = (alpha * self.std) ** 2 + sigma**2
        right = 0.5 * (1.0 + np.tanh(alpha * x / variance))
        pull = alpha * self.std**2 / variance
        return right * (1 + pull * (x - alpha)) + (1 - right) * (-1 + pull * (x + alpha))


def counted(denoise: Denoise) -> tuple[Denoise, list[float]]:
    """The denoiser and a list that fills with the times it is asked about."""
    times: list[float] = []

    def counting(x: Any, t: float) -> Any:
        times.append(t)
        return denoise(x, t)

    return counting, times
