"""A prompt becomes pictures: text, prior, decoder, upsamplers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sfumato.bundle.manifest import StagePreset
from sfumato.engine.base import Array, Engine
from sfumato.picture.convert import on_background
from sfumato.pipeline.ar_prior import GRAPH, ar_batch, ar_prefix, sample_ar_prior
from sfumato.pipeline.decoder import Condition, decoder_batches, sample_decoder, to_picture
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import (
    Caption,
    encode_picture,
    encode_text,
    prior_batch,
    prior_prefix,
    sample_prior,
)
from sfumato.pipeline.upsample import enlarge, upsampler_names
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.base import Request
from sfumato.requests.draw import DrawRequest
from sfumato.types import Picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """What the pictures of one prompt share; `request` is the first picture's."""

    engine: Engine
    request: DrawRequest
    caption: Caption
    prefix: dict[str, Array]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]
    observer: Observer

    def watch(self, index: int, count: int) -> Watch:
        return Watch(self.observer, picture=index + 1, pictures=count)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """A picture of 64×64 on its way: [1, 4, 64, 64] premultiplied in [-1, 1]."""

    seed: int
    picture: Array
    seconds: Mapping[str, float]
    similarity: float | None = None


def draw(
    model: Model,
    request: DrawRequest,
    *,
    n: int = 1,
    rerank: int | None = None,
    compare: bool = False,
    observer: Observer = SILENT,
) -> list[Picture]:
    """n pictures with the seeds request.seed + k, or the n best of `rerank` such seeds, best first.

    `compare` says how similar picture and prompt are; choosing among candidates needs it. Each picture depends
    on its own request alone. Raises `Cancelled` between two steps.
    """
    model.engine.prepare(needed(model.engine, request, compare=compare))
    job = begin(model, request, rerank or n, observer)
    if rerank is None:
        sketches = (sketch(job, k, n) for k in range(n))
        return [finish(job, score(job, one) if compare else one, k, n) for k, one in enumerate(sketches)]
    candidates = [score(job, sketch(job, k, rerank)) for k in range(rerank)]
    chosen = sorted(candidates, key=lambda one: one.similarity or 0.0, reverse=True)[:n]
    return [finish(job, one, k, n) for k, one in enumerate(chosen)]


def begin(model: Model, request: DrawRequest, count: int, observer: Observer) -> Job:
    """What is done once for all the `count` pictures of a prompt."""
    watch = Watch(observer, pictures=count)
    engine, tokens = model.engine, model.tokenizer(request.prompt)
    caption = encode_text(engine, tokens, watch=watch)
    prefix = read_caption(engine, caption, request)
    return Job(
        engine=engine,
        request=request,
        caption=caption,
        prefix=prefix,
        notes=tokens.notes,
        seconds=watch.seconds,
        observer=observer,
    )


def sketch(job: Job, index: int, count: int) -> Sketch:
    """Prior and decoder: picture `index` of `count` at 64×64."""
    watch, seed = job.watch(index, count), job.request.seed + index
    z_img = embed(job, seed, watch)
    condition = Condition(z_img=z_img, caption=job.caption)
    preset = decoder_preset(job.engine, job.request)
    x_0 = sample_decoder(job.engine, condition, preset, seed=seed, watch=watch)
    return Sketch(seed=seed, picture=to_picture(job.engine, x_0, watch=watch), seconds=watch.seconds)


class Imagined(Protocol):
    """What of a request says how z_img is made of its words."""

    @property
    def system(self) -> str: ...

    @property
    def prior(self) -> str: ...


def read_caption(engine: Engine, caption: Caption, request: Imagined) -> dict[str, Array]:
    """What the request's prior needs of the caption; nothing where the system has no prior."""
    if request.system != "unclip":
        return {}
    return ar_prefix(engine, caption) if request.prior == "ar" else prior_prefix(engine, caption)


def embed(job: Job, seed: int, watch: Watch) -> Array | None:
    """z_img [1, E] by the request's prior; None where the system has none."""
    return imagine(job.engine, job.request, job.caption, job.prefix, seed=seed, watch=watch)


def imagine(
    engine: Engine, request: Imagined, caption: Caption, prefix: dict[str, Array], *, seed: int, watch: Watch
) -> Array | None:
    """z_img [1, E] of the caption by the request's prior; None where the system has none."""
    if request.system != "unclip":
        return None
    sample = sample_ar_prior if request.prior == "ar" else sample_prior
    return sample(engine, caption, prefix, seed=seed, watch=watch)


def score(job: Job, one: Sketch) -> Sketch:
    """With the cosine between the picture's embedding and the prompt's."""
    z_img = encode_picture(job.engine, one.picture)
    return replace(one, similarity=float(z_img[0] @ job.caption.z_txt[0]))


def finish(job: Job, one: Sketch, index: int, count: int) -> Picture:
    """Upsamplers, background, and the picture with its record. The first one bears the shared time."""
    request = replace(job.request, seed=one.seed)
    watch = job.watch(index, count)
    picture = enlarge(job.engine, one.picture, request.size, seed=one.seed, watch=watch)
    shared = job.seconds if index == 0 else {}
    return Picture(
        pixels=on_background(picture, request.background),
        settings=request,
        similarity=one.similarity,
        seconds={**shared, **one.seconds, **watch.seconds},
        notes=job.notes,
    )


def decoder_preset(engine: Engine, request: Request) -> StagePreset:
    """The model's preset with the request's steps, guidance and sampler."""
    preset = engine.manifest.stages.decoder
    return replace(preset, steps=request.steps, guidance=request.guidance, sampler=request.sampler)


def needed(engine: Engine, request: DrawRequest, *, compare: bool) -> list[tuple[str, int]]:
    """The networks that the request runs and their batch sizes, in the order of their use."""
    graphs = [("text", 1), *needed_by_prior(engine, request)]
    graphs += [("decoder", batch) for batch in decoder_batches(decoder_preset(engine, request))]
    graphs += [("space_decoder", 1)] if engine.manifest.space.kind == "latent" else []
    graphs += [("image", 1)] if compare else []
    return graphs + [(name, 1) for name in upsampler_names(request.size)]


def needed_by_prior(engine: Engine, request: Imagined) -> list[tuple[str, int]]:
    """The networks that make z_img, and their batch sizes."""
    if request.system != "unclip":
        return []
    if request.prior == "ar":
        return [(GRAPH, ar_batch(engine))]
    return [("prior_prefix", 1), ("prior_step", prior_batch(engine))]
