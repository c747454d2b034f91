"""Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598)."""

from sfumato.diffusion.arrays import Array
from sfumato.errors import InputError

Interval = tuple[float, float]
"""The times (low, high) between which guidance is on, both included."""

ALWAYS: Interval = (0.0, 1.0)


def guided(cond: Array, uncond: Array, scale: float) -> Array:
    """uncond + scale·(cond - uncond), exactly cond at scale 1 and exactly uncond at scale 0."""
    if scale == 1.0:
        return cond
    return uncond + scale * (cond - uncond)


def combine(batched: Array, scale: float) -> Array:
    """`guided` of an array [2B, …] whose first half is conditional, the second not; answers [B, …]."""
    half, odd = divmod(batched.shape[0], 2)
    if odd or half == 0:
        raise InputError(f"Guidance needs conditional and unconditional halves, not a batch of {2 * half + odd}.")
    return guided(batched[:half], batched[half:], scale)


def scale_at(t: float, scale: float, interval: Interval = ALWAYS) -> float:
    """The scale within the interval, 1 (off) outside it (Kynkäänniemi et al. 2024, arXiv 2404.07724).

    At 1 the unconditional half need not be computed.
    """
    low, high = interval
    return scale if low <= t <= high else 1.0
