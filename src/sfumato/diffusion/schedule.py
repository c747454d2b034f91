"""Noise schedules: x_t = alpha(t)·x_0 + sigma(t)·eps, with t from 0 (clean) to 1 (noise).

Every function takes t as a float, or as a numpy array or torch tensor, and answers in kind.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from sfumato.diffusion.arrays import Time, at_least, elementwise, log
from sfumato.errors import InputError


class Schedule(Protocol):
    """A differentiable path from data to noise; alpha falls and sigma rises with t."""

    @property
    def name(self) -> str:
        """What the schedule is called in configurations."""

    def alpha(self, t: Time) -> Any:
        """The share of the clean picture in x_t."""

    def sigma(self, t: Time) -> Any:
        """The standard deviation of the noise in x_t."""

    def d_alpha(self, t: Time) -> Any:
        """dalpha/dt."""

    def d_sigma(self, t: Time) -> Any:
        """dsigma/dt."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Rectified flow: the straight path alpha = 1 - t, sigma = t (Liu et al. 2022, arXiv 2209.03003)."""

    name: str = "flow"

    def alpha(self, t: Time) -> Any:
        return 1.0 - t

    def sigma(self, t: Time) -> Any:
        return 1.0 * t

    def d_alpha(self, t: Time) -> Any:
        return 0.0 * t - 1.0

    def d_sigma(self, t: Time) -> Any:
        return 0.0 * t + 1.0


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """alpha = cos(πt/2), sigma = sin(πt/2) (Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 17 with s = 0).

    The cosine is computed as sin(π(1-t)/2), which is exactly 0 at t = 1 in every precision.
    """

    name: str = "cosine"

    def alpha(self, t: Time) -> Any:
        return elementwise("sin", (1.0 - t) * (math.pi / 2))

    def sigma(self, t: Time) -> Any:
        return elementwise("sin", t * (math.pi / 2))

    def d_alpha(self, t: Time) -> Any:
        return self.sigma(t) * (-math.pi / 2)

    def d_sigma(self, t: Time) -> Any:
        return self.alpha(t) * (math.pi / 2)


@dataclass(frozen=True, kw_only=True)
class Linear:
    """DDPM's linear betas (1e-4 to 2e-2 over 1000 steps) as a continuous variance-preserving process.

    Song et al. 2021, arXiv 2011.13456, appendix C: beta(t) = b + (B - b)·t with b = 0.1 and B = 20,
    alpha = exp(-∫beta/2), sigma² = 1 - alpha². alpha(1) = 0.0066, not 0. dsigma/dt grows without bound
    towards t = 0; there it is cut where sigma falls under 1e-6.
    """

    name: str = "linear"
    beta_min: float = 0.1
    beta_max: float = 20.0

    def _beta(self, t: Time) -> Any:
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def _integral(self, t: Time) -> Any:
        return self.beta_min * t + (0.5 * (self.beta_max - self.beta_min)) * t * t

    def alpha(self, t: Time) -> Any:
        return elementwise("exp", -0.5 * self._integral(t))

    def sigma(self, t: Time) -> Any:
        return elementwise("sqrt", 0.0 - elementwise("expm1", -self._integral(t)))

    def d_alpha(self, t: Time) -> Any:
        return -0.5 * self._beta(t) * self.alpha(t)

    def d_sigma(self, t: Time) -> Any:
        alpha = self.alpha(t)
        return 0.5 * self._beta(t) * alpha * alpha / at_least(self.sigma(t), 1e-6)


FLOW: Schedule = Flow()
COSINE: Schedule = Cosine()
LINEAR: Schedule = Linear()
SCHEDULES: dict[str, Schedule] = {known.name: known for known in (FLOW, COSINE, LINEAR)}


def schedule(name: str) -> Schedule:
    """The schedule called `name`; InputError (a ValueError) naming the known ones otherwise."""
    if name not in SCHEDULES:
        raise InputError(f"There is no noise schedule {name!r}; choose one of {', '.join(SCHEDULES)}.")
    return SCHEDULES[name]


def lambda_(schedule: Schedule, t: Time) -> Any:
    """Half the log signal-to-noise ratio, log(alpha/sigma); +inf where sigma is 0, -inf where alpha is 0."""
    return log(schedule.alpha(t)) - log(schedule.sigma(t))


def shifted(t: Time, shift: float) -> Any:
    """t' = s·t / (1 + (s-1)·t): s > 1 spends more of the time near the noise (Esser et al. 2024, eq. 23)."""
    return shift * t / (1.0 + (shift - 1.0) * t)


def time_steps(n: int, *, t_max: float = 1.0, t_min: float = 0.0, shift: float = 1.0) -> list[float]:
    """n + 1 strictly decreasing times from exactly t_max to exactly t_min, for n steps of a sampler.

    They are evenly spaced before the shift. Raises InputError unless n ≥ 1, 0 ≤ t_min < t_max ≤ 1
    and shift > 0.
    """
    if n < 1:
        raise InputError(f"A sampler needs at least one step, not {n}; give steps of 1 or more.")
    if not 0.0 <= t_min < t_max <= 1.0:
        raise InputError(f"The times {t_max} to {t_min} must fall within 1 and 0; correct t_max and t_min.")
    if not (shift > 0.0 and math.isfinite(shift)):
        raise InputError(f"The time shift {shift} must be a positive number; 1 is none.")
    high, low = shifted(t_max, 1.0 / shift), shifted(t_min, 1.0 / shift)
    inner = [shifted(high + (low - high) * index / n, shift) for index in range(1, n)]
    return [float(t_max), *inner, float(t_min)]
