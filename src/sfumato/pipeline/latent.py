"""The bipartite latent (z_img, x_T) of a picture, and the picture of a bipartite latent (unCLIP, section 3).

z_img says what is there; x_T, found by inverting the decoder, holds all that the decoder needs besides to draw
this very picture: pose, layout, details.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sfumato.bundle.manifest import StagePreset
from sfumato.diffusion import rng
from sfumato.diffusion.interpolation import spherical_mean
from sfumato.diffusion.inversion import ddim_invert
from sfumato.diffusion.samplers import ddim
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.engine.base import Array, Engine
from sfumato.pipeline.decoder import Condition, decoder_denoiser
from sfumato.pipeline.prior import Caption, encode_picture
from sfumato.pipeline.watch import Watch

REFINEMENTS = 1
SHIFT = 2.0
"""Inversions step twice as far near the clean end. The decoder there barely looks at its noise, so that short steps
would ask for ever larger noise to move it: with 20 even steps x_T has a spread of 1.7 in place of 1, with 50 of 3.4,
and pictures between two such noises break up. Two refinements come nearer in the latents, but not in the picture, and
spread more. Measured in records/2026-11-22-variations."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BipartiteLatent:
    """z_img [1, E] of unit norm; x_T [1, C, S, S], standard normal as far as the decoder has learnt its data."""

    z_img: Array
    x_T: Array  # noqa: N815 - the paper's name


def mixed(latents: Sequence[BipartiteLatent], weights: Sequence[float]) -> BipartiteLatent:
    """The spherical means of both parts."""
    return BipartiteLatent(
        z_img=spherical_mean([latent.z_img for latent in latents], weights),
        x_T=spherical_mean([latent.x_T for latent in latents], weights),
    )


def no_caption(engine: Engine) -> Caption:
    """What stands where a caption is dropped: right in shape, never looked at."""
    manifest = engine.manifest
    return Caption(
        z_txt=np.zeros((1, manifest.embedding.dim), np.float32),
        txt_feats=np.zeros((1, manifest.text.max_tokens, manifest.text.width), np.float32),
        txt_mask=np.ones((1, manifest.text.max_tokens), np.int64),
    )


def condition_on(engine: Engine, z_img: Array, caption: Caption | None) -> Condition:
    """The decoder told of an embedding, and of a caption where there is one."""
    told = no_caption(engine) if caption is None else caption
    return Condition(z_img=z_img, caption=told, use_caption=caption is not None)


def to_space(engine: Engine, picture: Array) -> Array:
    """[1, 4, 64, 64] premultiplied in [-1, 1] → its point x_0 [1, C, S, S] in the model's space."""
    if engine.manifest.space.kind == "pixel":
        return picture
    return engine.network("space_encoder")(picture=picture)["x_0"]


def reversible(preset: StagePreset) -> StagePreset:
    """The preset without guidance, along DDIM and with `SHIFT`: what an inversion walks, and what undoes it.

    A guided denoiser is no gradient field of the data; its inversion runs away from the normal distribution.
    """
    return replace(preset, sampler="ddim", guidance=1.0, shift=SHIFT * preset.shift)


def invert(
    engine: Engine,
    picture: Array,
    preset: StagePreset,
    *,
    caption: Caption | None = None,
    refinements: int = REFINEMENTS,
    watch: Watch,
) -> BipartiteLatent:
    """The latent from which `decode` with eta 0 along the same preset draws [1, 4, 64, 64] again.

    z_img comes from the image tower, x_T from DDIM inversion conditioned on z_img (and the caption, if given). preset:
    as made by `reversible`; guidance and sampler are not looked at.
    """
    path = replace(preset, guidance=1.0)
    z_img = encode_picture(engine, picture)
    denoise = decoder_denoiser(engine, condition_on(engine, z_img, caption), path)
    with watch.stage("inversion", path.steps) as tick:
        x_T = ddim_invert(
            denoise,
            to_space(engine, picture),
            time_steps(path.steps, shift=path.shift),
            schedule=schedule(path.schedule),
            refinements=refinements,
            callback=tick,
        )
    return BipartiteLatent(z_img=z_img, x_T=np.asarray(x_T, np.float32))


def decode(
    engine: Engine,
    latent: BipartiteLatent,
    preset: StagePreset,
    *,
    caption: Caption | None = None,
    eta: float = 0.0,
    seed: int = 0,
    watch: Watch,
) -> Array:
    """x_0 [1, C, S, S] along DDIM from the latent's x_T; with eta above 0, noise of the seed is added on the way."""
    denoise = decoder_denoiser(engine, condition_on(engine, latent.z_img, caption), preset)
    with watch.stage("decoder", preset.steps) as tick:
        x_0: Array = ddim(
            denoise,
            latent.x_T,
            time_steps(preset.steps, shift=preset.shift),
            schedule=schedule(preset.schedule),
            eta=eta,
            noise=eta_noise(seed, latent.x_T.shape) if eta > 0.0 else None,
            callback=tick,
        )
    return x_0


def eta_noise(seed: int, shape: tuple[int, ...]) -> Callable[[int], Array]:
    """What each step of the decoder adds, by the step's index."""
    return lambda index: rng.eta_noise(seed, shape, stage=rng.DECODER, index=index)
