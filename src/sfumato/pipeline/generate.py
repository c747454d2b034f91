"""A prompt becomes pictures: text, prior, decoder, upsamplers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sfumato.bundle.manifest import StagePreset
from sfumato.engine.base import Array, Engine
from sfumato.picture.convert import Pixels, flatten, parse_background, to_pixels
from sfumato.pipeline.decoder import Condition, decoder_batches, sample_decoder, to_picture
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
from sfumato.text.tokenizer import Tokenizer
from sfumato.types import DrawRequest, Picture


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
    engine: Engine,
    tokenizer: Tokenizer,
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
    engine.prepare(needed(engine, request, compare=compare))
    job = begin(engine, tokenizer, request, rerank or n, observer)
    if rerank is None:
        sketches = (sketch(job, k, n) for k in range(n))
        return [finish(job, score(job, one) if compare else one, k, n) for k, one in enumerate(sketches)]
    candidates = [score(job, sketch(job, k, rerank)) for k in range(rerank)]
    chosen = sorted(candidates, key=lambda one: one.similarity or 0.0, reverse=True)[:n]
    return [finish(job, one, k, n) for k, one in enumerate(chosen)]


def begin(engine: Engine, tokenizer: Tokenizer, request: DrawRequest, count: int, observer: Observer) -> Job:
    """What is done once for all the `count` pictures of a prompt."""
    watch = Watch(observer, pictures=count)
    tokens = tokenizer(request.prompt)
    caption = encode_text(engine, tokens, watch=watch)
    prefix = prior_prefix(engine, caption) if request.system == "unclip" else {}
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
    z_img = None
    if job.request.system == "unclip":
        z_img = sample_prior(job.engine, job.caption, job.prefix, seed=seed, watch=watch)
    condition = Condition(z_img=z_img, caption=job.caption)
    preset = decoder_preset(job.engine, job.request)
    x_0 = sample_decoder(job.engine, condition, preset, seed=seed, watch=watch)
    return Sketch(seed=seed, picture=to_picture(job.engine, x_0, watch=watch), seconds=watch.seconds)


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
        pixels=_pixels(picture, request.background),
        settings=request,
        similarity=one.similarity,
        seconds={**shared, **one.seconds, **watch.seconds},
        notes=job.notes,
    )


def decoder_preset(engine: Engine, request: DrawRequest) -> StagePreset:
    """The model's preset with the request's steps, guidance and sampler."""
    preset = engine.manifest.stages.decoder
    return replace(preset, steps=request.steps, guidance=request.guidance, sampler=request.sampler)


def needed(engine: Engine, request: DrawRequest, *, compare: bool) -> list[tuple[str, int]]:
    """The networks that the request runs and their batch sizes, in the order of their use."""
    graphs = [("text", 1)]
    if request.system == "unclip":
        graphs += [("prior_prefix", 1), ("prior_step", prior_batch(engine))]
    graphs += [("decoder", batch) for batch in decoder_batches(decoder_preset(engine, request))]
    graphs += [("space_decoder", 1)] if engine.manifest.space.kind == "latent" else []
    graphs += [("image", 1)] if compare else []
    return graphs + [(name, 1) for name in upsampler_names(request.size)]


def _pixels(picture: Array, background: str) -> Pixels:
    pixels = to_pixels(picture)[0]
    colour = parse_background(background)
    return pixels if colour is None else flatten(pixels, colour)
