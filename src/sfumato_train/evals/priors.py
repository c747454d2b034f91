"""The priors side by side, before any decoder: what they make of captions, how well they foretell pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import log2
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.code import read_code
from sfumato.engine.base import Engine
from sfumato.pipeline.ar_prior import FIRST, Reading, ar_prefix, ar_shape
from sfumato.pipeline.generate import begin, embed
from sfumato.pipeline.model import load_model
from sfumato.pipeline.prior import Caption
from sfumato.pipeline.watch import SILENT
from sfumato.requests.draw import PRIORS

from . import choose
from .arrays import Floats, Tick, nobody
from .bench import LISTS, Bench
from .drawing import recognised, request_for
from .report import Scores, named

NONE = "none"
"""No prior at all: z_txt in the place of z_img, which is what a prior has to beat."""


def measure_priors(bench: Bench) -> Scores:
    """On both lists, for every prior that the model has and for none.

    real: cosine with the embedding of a real picture of the caption; text: with z_txt. top1, top5: whether the concept
    is found among the captions. apart: 1 - cosine of two seeds. seconds: of one embedding, its caption read anew.
    For the autoregressive prior also the bits that each number of the real pictures costs it.
    """
    config, scores = bench.config, Scores()
    for which in LISTS:
        prompts = bench.prompts(which)
        among = choose.judged_among(
            bench.store, prompts, count=config.captions, popular=config.popular, seed=config.seed
        )
        z_among, texts = bench.clip.captions(among), [prompt.text for prompt in prompts]
        z_txt = bench.clip.captions(texts)
        z_real = bench.clip.stored(bench.store, [prompt.record for prompt in prompts])
        for prior in known_priors(bench.engine):
            tick, name = bench.tick(f"prior {prior}, {which}"), f"priors.{which}.{prior}"
            start = perf_counter()
            one = embeddings(bench.engine, texts, prior=prior, seed=config.seed, tick=tick)
            scores[f"{name}.seconds"] = round((perf_counter() - start) / len(texts), 4)
            other = embeddings(bench.engine, texts, prior=prior, seed=config.seed + len(texts))
            scores |= compared(name, one, other, z_real, z_txt, z_among)
        scores |= compared(f"priors.{which}.{NONE}", z_txt, z_txt, z_real, z_txt, z_among)
        if bench.engine.manifest.ar_prior is not None:
            bits = surprise(bench.engine, texts, z_real, tick=bench.tick(f"bits, {which}"))
            scores |= _bits(f"priors.{which}.ar", bits, bench.engine.manifest.ar_prior.buckets)
    return scores


def known_priors(engine: Engine) -> tuple[str, ...]:
    """The priors that the model has."""
    return tuple(prior for prior in PRIORS if prior == "diffusion" or engine.manifest.ar_prior is not None)


def embeddings(engine: Engine, texts: Sequence[str], *, prior: str, seed: int, tick: Tick = nobody) -> Floats:
    """z_img [N,E] of the captions; caption k has seed + k."""
    model, rows = load_model(engine), []
    for k, text in enumerate(texts):
        job = begin(model, request_for(engine, text, system="unclip", prior=prior, seed=seed + k), 1, SILENT)
        z = embed(job, seed + k, job.watch(0, 1))
        assert z is not None
        rows.append(z)
        tick(k + 1, len(texts))
    return np.concatenate(rows)


def compared(name: str, one: Floats, other: Floats, z_real: Floats, z_txt: Floats, z_among: Floats) -> Scores:
    """What `measure_priors` says of one prior's embeddings, drawn twice; all arrays [N,E], z_among [C,E]."""
    found = recognised(one, z_among).recall
    return named(
        name,
        {
            "real": float(np.mean(np.sum(one * z_real, axis=1))),
            "text": float(np.mean(np.sum(one * z_txt, axis=1))),
            "apart": float(1 - np.mean(np.sum(one * other, axis=1))),
            **asdict(found),
        },
    )


def surprise(engine: Engine, texts: Sequence[str], z_real: Floats, *, tick: Tick = nobody) -> NDArray[np.float64]:
    """-log2 p of every number of the real pictures given its caption and the numbers before: [N,S] bits."""
    model, shape = load_model(engine), ar_shape(engine)
    code = read_code(engine.file(shape.code), shape, embedding=engine.manifest.embedding.dim)
    rows = []
    for k, text in enumerate(texts):
        job = begin(model, request_for(engine, text, system="unclip", prior="ar", seed=0), 1, SILENT)
        numbers = code.encode(z_real[k : k + 1], job.caption.z_txt)[0]
        rows.append(_spelt(engine, job.caption, numbers))
        tick(k + 1, len(texts))
    return np.stack(rows)


def _spelt(engine: Engine, caption: Caption, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits of one picture's numbers [S]: the first row of the candidates is told the real numbers."""
    prefix = ar_prefix(engine, caption)
    reading = Reading(engine, caption, past=prefix["past"], seen=prefix["seen"])
    logits, bits = prefix["logits"], []
    for place, number in enumerate(numbers):
        if place > 0:
            rows = len(prefix["past"])
            logits = reading.read(FIRST + place - 1, bucket=np.full(rows, numbers[place - 1]))
        row = logits[0].astype(np.float64) - float(logits[0].max())
        bits.append((np.log(np.exp(row).sum()) - row[number]) / np.log(2))
    return np.array(bits)


def _bits(name: str, bits: NDArray[np.float64], buckets: int) -> Scores:
    """Means by place, 00 being the dot product with z_txt; even: what a number costs of which nothing is known."""
    means = bits.mean(axis=0)
    each = {f"bits.{place:02d}": round(float(mean), 4) for place, mean in enumerate(means)}
    return named(name, {"bits": float(means.mean()), "bits.even": log2(buckets), **each})
