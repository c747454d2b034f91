"""Text → picture at 64², and whether the judge finds the concept that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.engine.base import Array, Engine
from sfumato.pipeline.generate import begin, sketch
from sfumato.pipeline.model import load_model
from sfumato.pipeline.watch import SILENT
from sfumato.requests.draw import DrawRequest

from .arrays import Floats, Tick, nobody
from .retrieval import Recall, ranks, recall


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Recall of the concepts asked for; similarity: mean cosine with the concept's own caption; right [N]:
    which pictures have it in first place.
    """

    recall: Recall
    similarity: float
    right: NDArray[np.bool_]


def draw_small(engine: Engine, prompts: Sequence[str], *, system: str, seed: int, tick: Tick = nobody) -> Floats:
    """[N,4,64,64] premultiplied in [-1,1]: what users get before the upsamplers; prompt k has seed + k."""
    model = load_model(engine)
    made: list[Array] = []
    for k, prompt in enumerate(prompts):
        request = request_for(engine, prompt, system=system, seed=seed + k)
        made.append(sketch(begin(model, request, 1, SILENT), 0, 1).picture)
        tick(k + 1, len(prompts))
    return np.concatenate(made)


def request_for(
    engine: Engine, prompt: str, *, system: str, seed: int, prior: str = "diffusion"
) -> DrawRequest:
    """The request with the model's presets."""
    manifest, preset = engine.manifest, engine.manifest.stages.decoder
    return DrawRequest(
        prompt=prompt,
        seed=seed,
        size=min(manifest.sizes),
        steps=preset.steps,
        guidance=preset.guidance,
        sampler=preset.sampler,
        background="transparent",
        system=system,
        prior=prior,
        model=manifest.name,
        version=manifest.version,
    )


def recognised(z_img: Floats, z_txt: Floats) -> Recognised:
    """z_img [N,E]: pictures of the first N of the captions z_txt [C,E], C >= N."""
    similarity = z_img @ z_txt.T
    positive = np.eye(len(z_img), len(z_txt), dtype=bool)
    return Recognised(
        recall=recall(similarity, positive),
        similarity=float(similarity[positive].mean()),
        right=ranks(similarity, positive) == 0,
    )
