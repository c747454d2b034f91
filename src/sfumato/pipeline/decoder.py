"""Embeddings to a 64×64 picture: the decoder in its space, and the way from the space to pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sfumato.bundle.manifest import Space, StagePreset
from sfumato.diffusion import rng
from sfumato.diffusion.samplers import Denoise
from sfumato.engine.base import Array, Engine
from sfumato.pipeline.prior import Caption
from sfumato.pipeline.sample import guided_denoiser, sample
from sfumato.pipeline.watch import Watch

MASK_SIZE = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """What the decoder is told: an embedding [1, E] (None: dropped, as GLIDE), a caption (None: dropped)
    with its shapes, and for editing the known picture in the space with the mask (1 = repaint).
    """

    z_img: Array | None
    caption: Caption
    use_caption: bool = True
    known: Array | None = None
    mask: Array | None = None

    def inputs(self, space: Space) -> dict[str, Array]:
        """The network's inputs but x_t and t, of batch 1."""
        known = np.zeros((1, space.channels, space.size, space.size), np.float32)
        return {
            "z_img": np.zeros_like(self.caption.z_txt) if self.z_img is None else self.z_img,
            "keep_z": np.full(1, self.z_img is not None, np.float32),
            "txt_feats": self.caption.txt_feats,
            "txt_mask": self.caption.txt_mask,
            "keep_txt": np.full(1, self.use_caption, np.float32),
            "known": known if self.known is None else self.known,
            "mask": np.ones((1, 1, MASK_SIZE, MASK_SIZE), np.float32) if self.mask is None else self.mask,
        }


def decoder_denoiser(engine: Engine, condition: Condition, preset: StagePreset) -> Denoise:
    """x_t [1, C, S, S] → x_0; guided by dropping embedding and caption together."""
    space = engine.manifest.space
    cond = condition.inputs(space)
    dropped = np.zeros(1, np.float32)
    uncond = {**cond, "keep_z": dropped, "keep_txt": dropped}
    return guided_denoiser(engine.network("decoder"), cond, uncond, preset, limit=space.kind == "pixel")


def sample_decoder(
    engine: Engine,
    condition: Condition,
    preset: StagePreset,
    *,
    seed: int,
    watch: Watch,
    mend: Callable[[Array], Array] | None = None,
) -> Array:
    """x_0 [1, C, S, S] in the model's space, from the noise of the seed.

    mend: what every estimate of x_0 is passed through, to hold it to what is known of it.
    """
    space, denoise = engine.manifest.space, decoder_denoiser(engine, condition, preset)

    def mended(x_t: Array, t: float) -> Array:
        x_0: Array = denoise(x_t, t)
        return x_0 if mend is None else mend(x_0)

    with watch.stage("decoder", preset.steps) as tick:
        shape = (1, space.channels, space.size, space.size)
        return sample(mended, shape, preset, seed=seed, stream=rng.DECODER, tick=tick)


def to_picture(engine: Engine, x_0: Array, *, watch: Watch) -> Array:
    """`from_space` as a stage of its own."""
    if engine.manifest.space.kind == "pixel":
        return from_space(engine, x_0)
    with watch.stage("space") as tick:
        picture = from_space(engine, x_0)
        tick()
    return picture


def from_space(engine: Engine, x_0: Array) -> Array:
    """From the space to pixels: [1, 4, 64, 64] premultiplied, clipped to [-1, 1]."""
    latent = engine.manifest.space.kind == "latent"
    picture = engine.network("space_decoder")(x_0=x_0)["picture"] if latent else x_0
    return np.clip(picture, -1.0, 1.0)


def decoder_batches(preset: StagePreset) -> tuple[int, ...]:
    """The batch sizes that the decoder is evaluated at: 2 where it is guided, 1 where it is not."""
    if preset.guidance == 1.0:
        return (1,)
    return (2,) if preset.interval == (0.0, 1.0) else (2, 1)
