"""64×64 to 256×256 to 1024×1024: two diffusion upsamplers, conditioned on the smaller picture alone.

Where a picture is edited they see the whole low-resolution picture and the high-resolution one outside the mask
(GLIDE, Nichol et al. 2022, section 2.4), and what is known comes out as it went in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What is kept of a picture: premultiplied [1, 4, H, W] in [-1, 1], and mask [1, 1, H, W], 1 = repaint.

    What `picture` holds where the mask is 1 does not matter: it is never looked at.
    """

    picture: Array
    mask: Array

    @property
    def erased(self) -> Array:
        """The picture, 0 where it is repainted."""
        left: Array = self.picture * (1 - self.mask)
        return left

    def over(self, picture: Array) -> Array:
        """`picture`, with the known part in its place."""
        return np.where(self.mask > 0.5, picture, self.picture)

    def shrunk(self, factor: int) -> Known:
        """At a smaller size, where a pixel is known only when every pixel that it is the mean of is."""
        some = downsample(self.mask, factor) > 0
        return Known(picture=downsample(self.erased, factor), mask=some.astype(np.float32))


def upsample(
    engine: Engine,
    stage: str,
    low_res: Array,
    preset: StagePreset,
    *,
    seed: int,
    watch: Watch,
    known: Known | None = None,
    whole: bool = False,
) -> Array:
    """[1, 4, H, W] → [1, 4, 4H, 4W], premultiplied in [-1, 1]; stage: upsampler_256 or upsampler_1024.

    known: of the larger size; what it keeps is kept bit for bit. whole: in its place stands what the network
    makes of it itself, to be compared with what is known.
    """
    network = engine.network(stage)
    stream = rng.UPSAMPLER_256 if stage == "upsampler_256" else rng.UPSAMPLER_1024
    side = FACTOR * low_res.shape[-1]
    told = _told(side, known) if engine.manifest.graphs[stage].inpaints else {}
    made = low_res

    def denoise(x_t: Array, t: float) -> Array:
        nonlocal made
        made = np.clip(network(x_t=x_t, t=times_of(t, 1), low_res=low_res, **told)["x_0"], -1.0, 1.0)
        return made if known is None else known.over(made)

    with watch.stage(stage, preset.steps) as tick:
        x_0 = sample(denoise, (1, CHANNELS, side, side), preset, seed=seed, stream=stream, tick=tick)
    if known is None:
        return x_0
    return replace(known, picture=made).over(x_0) if whole else known.over(x_0)


def enlarge(
    engine: Engine,
    picture: Array,
    size: int,
    *,
    seed: int,
    watch: Watch,
    known: Known | None = None,
    whole: bool = False,
) -> Array:
    """[1, 4, 64, 64] → [1, 4, size, size]; a size between the upsamplers' own is averaged from the larger.

    known: of the size that the last upsampler gives, 256 or 1024 (see `upsampled_size`). whole: see `upsample`.
    """
    stages = engine.manifest.stages
    largest = upsampled_size(size)
    picture = _with(picture, known, largest // picture.shape[-1])
    middle = known.shrunk(largest // SMALL) if known is not None and largest > SMALL else known
    last = largest == SMALL
    picture = upsample(
        engine,
        "upsampler_256",
        picture,
        stages.upsampler_256,
        seed=seed,
        watch=watch,
        known=middle,
        whole=whole and last,
    )
    if not last and stages.upsampler_1024 is not None:
        picture = upsample(
            engine,
            "upsampler_1024",
            picture,
            stages.upsampler_1024,
            seed=seed,
            watch=watch,
            known=known,
            whole=whole,
        )
    return downsample(picture, picture.shape[-1] // size)


def upsampled_size(size: int) -> int:
    """What the last upsampler on the way to a size gives."""
    return SMALL if size <= SMALL else LARGE


def upsampler_names(size: int) -> tuple[str, ...]:
    """The upsamplers on the way to a size, in the order of their use."""
    return ("upsampler_256",) if size <= SMALL else ("upsampler_256", "upsampler_1024")


def _told(side: int, known: Known | None) -> dict[str, Array]:
    """The inputs of a network that inpaints: nothing is known of a picture that is drawn."""
    if known is not None:
        return {"known": known.erased, "mask": known.mask}
    mask = np.ones((1, 1, side, side), np.float32)
    return {"known": np.zeros((1, CHANNELS, side, side), np.float32), "mask": mask}


def _with(picture: Array, known: Known | None, factor: int) -> Array:
    return picture if known is None else known.shrunk(factor).over(picture)
