"""Variations of a picture from its bipartite latent (unCLIP, Ramesh et al. 2022, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sfumato.diffusion import rng
from sfumato.diffusion.samplers import sampler
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.engine.base import Array, Engine
from sfumato.picture.read import Source
from sfumato.pipeline.decoder import sample_decoder
from sfumato.pipeline.latent import BipartiteLatent, condition_on, decode, invert, no_caption
from sfumato.pipeline.manipulate import Material, finish, gather, needed
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import Caption, encode_picture, encode_text, unit
from sfumato.pipeline.sample import times_of
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.vary import VaryRequest
from sfumato.types import Picture

ETA = 0.3
"""Of `keep="most"`: at 0.6 a cat's head is a cat's no more, below 0.2 the pictures are all the same."""

AROUND = 0.6
"""How far into the noise an embedding goes with `keep="none"`. Of eight emoji those of one had a cosine of 0.89 with it
and of 0.86 with each other; at 0.7 it was 0.82 and 0.70 and some were of something else, at 0.5 0.91 and 0.92."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """What all the variations start from: x_T is there only where it is kept, a caption where there is a prompt."""

    z_img: Array
    latent: BipartiteLatent | None
    caption: Caption | None
    prefix: dict[str, Array]


def vary(
    model: Model, requests: Sequence[VaryRequest], sources: Sequence[Source], *, observer: Observer = SILENT
) -> list[Picture]:
    """One picture a request; the requests differ in nothing but their seed. Raises `Cancelled` between two steps."""
    first = requests[0]
    engine = model.engine
    engine.prepare(needed(engine, first, text=bool(first.prompt), prior=first.keep == "none"))
    material = gather(model, requests, sources, observer)
    watch = material.watch()
    tokens = model.tokenizer(first.prompt) if first.prompt else None
    caption = None if tokens is None else encode_text(engine, tokens, watch=watch)
    notes = () if tokens is None else tokens.notes
    origin = _origin(material, first, caption, watch)
    made = []
    for index, request in enumerate(requests):
        own = material.watch(index)
        x_0 = _one(material, origin, request, own)
        shared = watch.seconds if index == 0 else {}
        made.append(finish(material, request, x_0, watch=own, shared=shared, notes=notes))
    return made


def _origin(material: Material, request: VaryRequest, caption: Caption | None, watch: Watch) -> Origin:
    engine, picture = material.engine, material.squares[0]
    latent = None
    if request.keeps_noise:
        latent = invert(engine, picture, material.path, caption=caption, watch=watch)
    z_img = encode_picture(engine, picture) if latent is None else latent.z_img
    prefix = prior_told(engine, caption) if request.keep == "none" else {}
    return Origin(z_img=z_img, latent=latent, caption=caption, prefix=prefix)


def _one(material: Material, origin: Origin, request: VaryRequest, watch: Watch) -> Array:
    engine, seed = material.engine, request.seed
    if origin.latent is not None:
        return decode(
            engine, origin.latent, material.preset, caption=origin.caption, eta=ETA, seed=seed, watch=watch
        )
    z_img = origin.z_img
    if request.keep == "none":
        z_img = neighbour(engine, z_img, origin.prefix, seed=seed, watch=watch)
    condition = condition_on(engine, z_img, origin.caption)
    return sample_decoder(engine, condition, material.preset, seed=seed, watch=watch)


def neighbour(engine: Engine, z_img: Array, prefix: dict[str, Array], *, seed: int, watch: Watch) -> Array:
    """An embedding [1, E] near z_img as pictures' embeddings are: noised to the time `AROUND`, and drawn back by the
    prior (Meng et al. 2022, SDEdit, arXiv 2108.01073, in the embedding's space).

    Evenly spread noise of the same size gives pictures that differ in texture alone: few of its directions are ones
    in which pictures differ.
    """
    manifest, preset, step = engine.manifest, engine.manifest.stages.prior, engine.network("prior_step")
    path, scale = schedule(preset.schedule), np.float32(manifest.embedding.scale)

    def denoise(z_t: Array, t: float) -> Array:
        return step(z_t=np.asarray(z_t, np.float32), t=times_of(t, 1), **prefix)["z_0"]

    noise = rng.normal(seed, z_img.shape, stream=rng.PRIOR)
    z_t = path.alpha(AROUND) * scale * z_img + path.sigma(AROUND) * noise
    with watch.stage("prior", preset.steps) as tick:
        times = time_steps(preset.steps, t_max=AROUND, shift=preset.shift)
        z_0 = sampler(preset.sampler)(denoise, z_t, times, schedule=path, callback=tick)
    return unit(np.asarray(z_0, np.float32))


def prior_told(engine: Engine, caption: Caption | None) -> dict[str, Array]:
    """The prior told of the prompt, or of none."""
    told = no_caption(engine) if caption is None else caption
    return engine.network("prior_prefix")(
        txt_feats=told.txt_feats,
        txt_mask=told.txt_mask,
        z_txt=told.z_txt,
        keep_txt=np.full(1, caption is not None, np.float32),
    )
