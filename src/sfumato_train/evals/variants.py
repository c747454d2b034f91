"""Ways of drawing a prompt that a model offers, and pictures at 64² by each, sharing what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sfumato.bundle.manifest import Manifest, StagePreset
from sfumato.engine.base import Array, Engine, Network
from sfumato.pipeline.decoder import Condition, sample_decoder, to_picture
from sfumato.pipeline.generate import begin, embed
from sfumato.pipeline.model import Model, load_model
from sfumato.pipeline.prior import Caption, encode_text
from sfumato.pipeline.watch import SILENT, Watch

from .arrays import Floats, Tick, nobody
from .drawing import request_for

Source = Literal["prior", "words", "picture", "none"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way of drawing; None stands for the model's preset.

    source: where z_img comes from: the prior, z_txt in its place ("words"), a real picture of the prompt ("picture"),
    or nowhere, as in GLIDE ("none"). prior: "diffusion" or "ar"; candidates: how many embeddings the prior draws to
    keep the best. steps, guidance: the decoder's.
    """

    label: str
    source: Source = "prior"
    prior: str = "diffusion"
    candidates: int | None = None
    insistence: float | None = None
    steps: int | None = None
    guidance: float | None = None


PRESET = Variant(label="unclip")
CANDIDATES, INSISTENCE = (1, 2, 4), (1.0, 2.0, 4.0)
GUIDANCE, STEPS = (1.0, 2.0, 3.0, 5.0), (5, 10, 20, 40)


def variants(manifest: Manifest) -> list[Variant]:
    """All that are compared, the preset first; settings equal to the preset's stand for it and are not repeated."""
    prior, decoder = manifest.stages.prior, manifest.stages.decoder
    found = [PRESET, Variant(label="glide", source="none")]
    found += [Variant(label="z_txt in place of z_img", source="words"), Variant(label="true z_img", source="picture")]
    found += [Variant(label="ar prior", prior="ar")] if manifest.ar_prior is not None else []
    found += [Variant(label=f"prior, best of {n}", candidates=n) for n in CANDIDATES if n != prior.candidates]
    found += [Variant(label=f"prior's guidance {g:g}", insistence=g) for g in INSISTENCE if g != prior.guidance]
    found += [Variant(label=f"guidance {g:g}", guidance=g) for g in GUIDANCE if g != decoder.guidance]
    found += [Variant(label=f"{n} steps", steps=n) for n in STEPS if n != decoder.steps]
    return found


class Atelier:
    """Draws the same prompts with the same noise in several ways.

    Picture s of prompt k has the seed `seed` + k·repeats + s. Texts are encoded once, and embeddings once a prior.
    real: embeddings [P·repeats,E] of real pictures of the prompts, for variants that need them.
    """

    def __init__(
        self, engine: Engine, texts: Sequence[str], *, repeats: int, seed: int, real: Floats | None = None
    ) -> None:
        self._engine, self._texts, self._repeats, self._seed = engine, texts, repeats, seed
        self._real = real
        self._model = load_model(engine)
        self._captions = [self._caption(text) for text in texts]
        self._embeddings: dict[tuple[object, ...], list[Array | None]] = {}

    def draw(self, variant: Variant, *, tick: Tick = nobody) -> Floats:
        """[P·repeats,4,64,64] premultiplied in [-1,1], those of one prompt side by side."""
        preset = decoder_preset(self._engine.manifest, variant)
        made: list[Array] = []
        for number, z_img in enumerate(self.embeddings(variant)):
            condition = Condition(z_img=z_img, caption=self._captions[number // self._repeats])
            watch = Watch(SILENT)
            x_0 = sample_decoder(self._engine, condition, preset, seed=self._seed + number, watch=watch)
            made.append(to_picture(self._engine, x_0, watch=watch))
            tick(number + 1, self._total)
        return np.concatenate(made)

    def embeddings(self, variant: Variant) -> list[Array | None]:
        """z_img [1,E] of every picture; None where the variant has none."""
        if variant.source == "none":
            return [None] * self._total
        if variant.source == "words":
            return [self._captions[number // self._repeats].z_txt for number in range(self._total)]
        if variant.source == "picture":
            assert self._real is not None, "real embeddings were not given"
            return [self._real[number : number + 1] for number in range(self._total)]
        key = variant.prior, variant.candidates, variant.insistence
        if key not in self._embeddings:
            self._embeddings[key] = list(self._sampled(variant))
        return self._embeddings[key]

    @property
    def _total(self) -> int:
        return len(self._texts) * self._repeats

    def _sampled(self, variant: Variant) -> Iterable[Array | None]:
        engine = with_prior(self._engine, candidates=variant.candidates, guidance=variant.insistence)
        model = Model(engine=engine, tokenizer=self._model.tokenizer)
        for k, text in enumerate(self._texts):
            request = request_for(engine, text, system="unclip", seed=self._seed, prior=variant.prior)
            job = begin(model, request, 1, SILENT)
            for s in range(self._repeats):
                yield embed(job, self._seed + k * self._repeats + s, Watch(SILENT))

    def _caption(self, text: str) -> Caption:
        return encode_text(self._engine, self._model.tokenizer(text), watch=Watch(SILENT))


def decoder_preset(manifest: Manifest, variant: Variant) -> StagePreset:
    """The decoder's preset with what the variant changes."""
    preset = manifest.stages.decoder
    steps = preset.steps if variant.steps is None else variant.steps
    return replace(preset, steps=steps, guidance=preset.guidance if variant.guidance is None else variant.guidance)


def with_prior(engine: Engine, *, candidates: int | None = None, guidance: float | None = None) -> Engine:
    """The engine as if its model's preset of the diffusion prior were another; None leaves a part as it is."""
    if candidates is None and guidance is None:
        return engine
    stages = engine.manifest.stages
    count = stages.prior.candidates if candidates is None else candidates
    scale = stages.prior.guidance if guidance is None else guidance
    changed = replace(stages, prior=replace(stages.prior, candidates=count, guidance=scale))
    return _Preset(engine, replace(engine.manifest, stages=changed))


class _Preset:
    """An engine under another manifest."""

    def __init__(self, engine: Engine, manifest: Manifest) -> None:
        self._engine, self._manifest = engine, manifest

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def has(self, name: str) -> bool:
        return self._engine.has(name)

    def network(self, name: str) -> Network:
        return self._engine.network(name)

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        self._engine.prepare(wanted)

    def file(self, name: str) -> Path:
        return self._engine.file(name)
