"""Text to embeddings, the other way: the autoregressive prior (unCLIP, section 2.2).

One graph reads one token a step, of the caption or of the embedding; what was read before is kept as keys and values.
Every step has the same shapes, so the graph is compiled once and its weights are in the bundle once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.code import read_code
from sfumato.bundle.manifest import ArPreset, ArPriorShape
from sfumato.diffusion import rng
from sfumato.diffusion.buckets import choose
from sfumato.diffusion.guidance import combine
from sfumato.engine.base import Array, Engine
from sfumato.errors import InputError
from sfumato.pipeline.prior import Caption
from sfumato.pipeline.watch import Watch

GRAPH = "ar_prior"
WORD, TEXT, FIRST = 0, 1, 2
"""Kinds of a token, as the network knows them: a word, z_txt, and the first number."""


class Reading:
    """R rows that grow by one token a step: the candidates with the caption, then, when guided, without.

    past: keys and values [R, depth, 2, N, M, D/N]. seen: 1 at the places that hold something, [R, M].
    """

    def __init__(self, engine: Engine, caption: Caption, *, past: Array, seen: Array) -> None:
        preset = ar_preset(engine)
        self.past, self.seen = past, seen
        self._network = engine.network(GRAPH)
        self._keep = np.repeat(keeps(preset), preset.candidates)
        self._place = int(seen[0].sum())
        rows, width = len(past), caption.txt_feats.shape[2]
        self._blank = {
            "word": np.zeros((rows, width), np.float32),
            "z_txt": (self._keep[:, None] * caption.z_txt).astype(np.float32),
            "bucket": np.zeros(rows, np.int64),
        }

    def read(self, kind: int, **given: Array) -> Array:
        """One more token in every row → logits [R, Q] of the number that follows it."""
        out = self._network(
            **{**self._blank, **given},
            kind=np.full(len(self.past), kind, np.int64),
            past=self.past,
            seen=self.seen,
        )
        self.past[:, :, :, :, self._place] = out["present"]
        self.seen[:, self._place] = self._keep if kind == WORD else 1.0
        self._place += 1
        return out["logits"]


def ar_shape(engine: Engine) -> ArPriorShape:
    """What the manifest says of the autoregressive prior; `InputError` where the bundle has none."""
    shape = engine.manifest.ar_prior
    if shape is None:
        name = engine.manifest.name
        raise InputError(f"The model {name} has no autoregressive prior; choose the prior diffusion or another model.")
    return shape


def ar_preset(engine: Engine) -> ArPreset:
    """How the autoregressive prior is sampled."""
    return engine.manifest.stages.ar_prior or ArPreset()


def keeps(preset: ArPreset) -> NDArray[np.float32]:
    """1 for an evaluation with the caption, 0 for the one without it that guidance needs."""
    return np.array([1.0] if preset.guidance == 1.0 else [1.0, 0.0], np.float32)


def ar_batch(engine: Engine) -> int:
    """Rows of one evaluation."""
    preset = ar_preset(engine)
    return preset.candidates * len(keeps(preset))


def ar_prefix(engine: Engine, caption: Caption) -> dict[str, Array]:
    """The caption read once for all its pictures: past, seen, and the logits of the first number."""
    shape, rows = ar_shape(engine), ar_batch(engine)
    past = np.zeros((rows, *shape.cache), np.float32)
    reading = Reading(engine, caption, past=past, seen=np.zeros((rows, shape.places), np.float32))
    for place in np.flatnonzero(caption.txt_mask[0]):
        reading.read(WORD, word=np.repeat(caption.txt_feats[:, place], rows, axis=0))
    logits = reading.read(TEXT)
    return {"past": reading.past, "seen": reading.seen, "logits": logits}


def sample_ar_prior(
    engine: Engine, caption: Caption, prefix: dict[str, Array], *, seed: int, watch: Watch
) -> Array:
    """z_img [1, E] of unit norm: of the preset's candidates the one nearest to z_txt.

    The first number, the dot product with z_txt, is drawn from the upper half of its distribution.
    """
    shape, preset, rows = ar_shape(engine), ar_preset(engine), ar_batch(engine)
    u = rng.uniform(seed, (preset.candidates, shape.numbers), stream=rng.AR_PRIOR)
    numbers = np.zeros((preset.candidates, shape.numbers), np.int64)
    reading = Reading(engine, caption, past=prefix["past"].copy(), seen=prefix["seen"].copy())
    logits = prefix["logits"]
    with watch.stage("prior", shape.numbers) as tick:
        for place in range(shape.numbers):
            if place > 0:
                bucket = np.tile(numbers[:, place - 1], rows // preset.candidates)
                logits = reading.read(FIRST + place - 1, bucket=bucket)
            scores = logits if preset.guidance == 1.0 else combine(logits, preset.guidance)
            numbers[:, place] = choose(scores, u[:, place], floor=preset.floor if place == 0 else 0.0)
            tick()
    z = read_code(engine.file(shape.code), shape, embedding=engine.manifest.embedding.dim).decode(numbers)
    best = int(np.argmax(z @ caption.z_txt[0]))
    return z[best : best + 1]
