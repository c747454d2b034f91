"""DDIM inversion: the noise from which the deterministic sampler draws a given array.

unCLIP's bipartite latent (z_img, x_T) takes its x_T from here (Ramesh et al. 2022, arXiv 2204.06125, §3).
"""

from collections.abc import Sequence
from itertools import pairwise

from sfumato.diffusion.arrays import Array
from sfumato.diffusion.samplers import Callback, Denoise, Step, check_times, ddim_step
from sfumato.diffusion.schedule import Schedule


def _relaxation(low: float, high: float, *, schedule: Schedule) -> float:
    """The step of the iteration in `_refine`.

    Down from high to low, a DDIM step has the slope sigma_low/sigma_high where x_0 does not depend on
    x_t, and alpha_low/alpha_high where eps does not; for Gaussian data every slope lies between the two, and
    2/(smallest + largest) is Richardson's best step. At either end of the schedule only one of them is left.
    """
    by_sigma = schedule.sigma(low) / schedule.sigma(high)
    if schedule.alpha(high) == 0.0:
        return float(1.0 / by_sigma)
    by_alpha = schedule.alpha(low) / schedule.alpha(high)
    return float(1.0 / by_alpha if by_sigma == 0.0 else 2.0 / (by_alpha + by_sigma))


def _guess(denoise: Denoise, x: Array, low: float, high: float, *, schedule: Schedule) -> tuple[Array, Array]:
    """(y, x_0): y at `high` by the classic inversion, which takes x_0 from where it stands, x at `low`.

    A clean x tells nothing of its noise; y is then alpha_high·x, and x_0 the x itself.
    """
    if schedule.sigma(low) == 0.0:
        return schedule.alpha(high) / schedule.alpha(low) * x, x
    x_0 = denoise(x, low)
    return ddim_step(x, x_0, low, high, schedule=schedule), x_0


def _refine(
    denoise: Denoise, x: Array, y: Array, low: float, high: float, *, schedule: Schedule
) -> tuple[Array, Array]:
    """(y, x_0): one Richardson iteration towards the y at `high` that a DDIM step takes to x at `low`."""
    x_0 = denoise(y, high)
    residue = x - ddim_step(y, x_0, high, low, schedule=schedule)
    return y + _relaxation(low, high, schedule=schedule) * residue, x_0


def ddim_invert(
    denoise: Denoise,
    x_0: Array,
    times: Sequence[float],
    *,
    schedule: Schedule,
    refinements: int = 2,
    callback: Callback | None = None,
) -> Array:
    """x at times[0] from which `ddim` with the same decreasing `times` (and eta 0) draws x_0.

    refinements is the number of fixed-point iterations a step; each costs one estimate, and 0 is the
    classic DDIM inversion (but a step out of a clean x_0 needs one). With few steps or a guided denoiser more
    may be needed. The callback counts from the clean end. Raises InputError as the samplers do.
    """
    check_times(times)
    rising = times[::-1]
    x = x_0
    for index, (low, high) in enumerate(pairwise(rising)):
        y, estimate = _guess(denoise, x, low, high, schedule=schedule)
        for _ in range(max(refinements, 1) if schedule.sigma(low) == 0.0 else refinements):
            y, estimate = _refine(denoise, x, y, low, high, schedule=schedule)
        x = y
        if callback is not None:
            callback(Step(index=index, count=len(times) - 1, t=high, x_0=estimate))
    return x
