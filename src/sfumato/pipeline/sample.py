"""One diffusion stage: the preset's times, schedule and sampler around a denoiser, from the seed's noise."""

from __future__ import annotations

import numpy as np

from sfumato.bundle.manifest import StagePreset
from sfumato.diffusion import rng
from sfumato.diffusion.guidance import combine, scale_at
from sfumato.diffusion.samplers import Denoise, sampler
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.engine.base import Array, Network
from sfumato.pipeline.watch import Tick


def sample(
    denoise: Denoise, shape: tuple[int, ...], preset: StagePreset, *, seed: int, stream: int, tick: Tick
) -> Array:
    """x_0 [shape] at the end of the preset's path from the noise of (seed, stream)."""
    x_T = rng.normal(seed, shape, stream=stream)
    times = time_steps(preset.steps, shift=preset.shift)
    run = sampler(preset.sampler)
    x_0: Array = run(denoise, x_T, times, schedule=schedule(preset.schedule), callback=tick)
    return x_0


def times_of(t: float, batch: int) -> Array:
    """t as networks take it: float32 [B]."""
    return np.full(batch, t, np.float32)


def stacked(*batches: dict[str, Array]) -> dict[str, Array]:
    """Inputs of the same names joined along the batch."""
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def guided_denoiser(
    network: Network, cond: dict[str, Array], uncond: dict[str, Array], preset: StagePreset, *, limit: bool
) -> Denoise:
    """x_t [1, …] → x_0 with guidance where the preset's interval has it on, one evaluation elsewhere.

    A picture is evaluated alone: conditional first, unconditional second, so that it does not depend on
    its neighbours. limit: clip the estimate to [-1, 1], for spaces that are pixels.
    """
    both = stacked(cond, uncond)

    def denoise(x_t: Array, t: float) -> Array:
        scale = scale_at(t, preset.guidance, preset.interval)
        if scale == 1.0:
            x_0 = network(x_t=x_t, t=times_of(t, 1), **cond)["x_0"]
        else:
            x_0 = combine(network(x_t=np.repeat(x_t, 2, axis=0), t=times_of(t, 2), **both)["x_0"], scale)
        return np.clip(x_0, -1.0, 1.0) if limit else x_0

    return denoise
