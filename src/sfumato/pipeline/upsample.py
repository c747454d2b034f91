"""64×64 to 256×256 to 1024×1024: two diffusion upsamplers, conditioned on the smaller picture alone."""

from __future__ import annotations

import numpy as np

from sfumato.bundle.manifest import StagePreset
from sfumato.diffusion import rng
from sfumato.engine.base import Array, Engine
from sfumato.picture.convert import downsample
from sfumato.pipeline.sample import sample, times_of
from sfumato.pipeline.watch import Watch

SMALL, LARGE = 256, 1024
FACTOR = 4
CHANNELS = 4


def upsample(
    engine: Engine, stage: str, low_res: Array, preset: StagePreset, *, seed: int, watch: Watch
) -> Array:
    """[1, 4, H, W] → [1, 4, 4H, 4W], premultiplied in [-1, 1]; stage: upsampler_256 or upsampler_1024."""
    network = engine.network(stage)
    stream = rng.UPSAMPLER_256 if stage == "upsampler_256" else rng.UPSAMPLER_1024

    def denoise(x_t: Array, t: float) -> Array:
        return np.clip(network(x_t=x_t, t=times_of(t, 1), low_res=low_res)["x_0"], -1.0, 1.0)

    with watch.stage(stage, preset.steps) as tick:
        side = FACTOR * low_res.shape[-1]
        return sample(denoise, (1, CHANNELS, side, side), preset, seed=seed, stream=stream, tick=tick)


def enlarge(engine: Engine, picture: Array, size: int, *, seed: int, watch: Watch) -> Array:
    """[1, 4, 64, 64] → [1, 4, size, size]; a size between the upsamplers' own is averaged from the larger."""
    stages = engine.manifest.stages
    picture = upsample(engine, "upsampler_256", picture, stages.upsampler_256, seed=seed, watch=watch)
    if size > SMALL and stages.upsampler_1024 is not None:
        picture = upsample(engine, "upsampler_1024", picture, stages.upsampler_1024, seed=seed, watch=watch)
    return downsample(picture, picture.shape[-1] // size)


def upsampler_names(size: int) -> tuple[str, ...]:
    """The upsamplers on the way to a size, in the order of their use."""
    return ("upsampler_256",) if size <= SMALL else ("upsampler_256", "upsampler_1024")
