"""The one facade. The command line and the server know nothing below it."""

from __future__ import annotations

from pathlib import Path

from sfumato.bundle.manifest import TOKENIZER
from sfumato.diffusion.rng import random_seed
from sfumato.engine.choose import EngineName, Precision, open_engine
from sfumato.errors import InputError
from sfumato.pipeline import generate
from sfumato.pipeline.watch import Observer
from sfumato.text.tokenizer import Tokenizer
from sfumato.types import (
    MAX_PICTURES,
    SEED_LIMIT,
    CancelledCallback,
    DrawRequest,
    Picture,
    ProgressCallback,
    check_whole,
)


class Sfumato:
    """Draws pictures with one model.

    model: the name of an installed bundle ("sticker") or the path of a bundle's folder.
    engine: "openvino", or "torch" with the `train` extra. threads: CPU threads, None for all the cores.
    precision: "bf16" or "f32" arithmetic, None for the fastest the CPU has.
    Raises `BundleError` when the model is missing or damaged, `InputError` for an unknown engine.
    """

    def __init__(
        self,
        model: str | Path = "sticker",
        *,
        engine: EngineName = "openvino",
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._engine = open_engine(engine, model, threads=threads, precision=precision)
        self._tokenizer = Tokenizer(self._engine.file(TOKENIZER), self._engine.manifest.text.max_tokens)

    @property
    def name(self) -> str:
        """The model's name, as recorded in its pictures."""
        return self._engine.manifest.name

    @property
    def version(self) -> str:
        """The model's version, as recorded in its pictures."""
        return self._engine.manifest.version

    def draw(
        self,
        prompt: str,
        *,
        n: int = 1,
        seed: int | None = None,
        size: int = 1024,
        steps: int | None = None,
        guidance: float | None = None,
        background: str = "transparent",
        system: str = "unclip",
        sampler: str | None = None,
        rerank: int | None = None,
        similarity: bool = False,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """Draws `n` pictures of `prompt`; picture k has seed + k and is the same drawn alone.

        seed None chooses one at random (recorded in the picture). steps, guidance, sampler: the decoder's,
        None for the model's preset. rerank K >= n draws K small candidates with seeds seed..seed+K-1 and
        finishes the n that fit the prompt best, best first; each keeps its own seed. similarity: compare the
        picture with the prompt even without rerank.
        Raises `InputError` for a bad argument and `Cancelled` when `cancelled()` says so between two steps.
        """
        preset = self._engine.manifest.stages.decoder
        request = DrawRequest(
            prompt=prompt,
            seed=random_seed() if seed is None else seed,
            size=size,
            steps=preset.steps if steps is None else steps,
            guidance=preset.guidance if guidance is None else guidance,
            sampler=preset.sampler if sampler is None else sampler,
            background=background,
            system=system,
            model=self.name,
            version=self.version,
        )
        self._check(request, n, rerank)
        return generate.draw(
            self._engine,
            self._tokenizer,
            request,
            n=n,
            rerank=rerank,
            compare=similarity or rerank is not None,
            observer=Observer(progress=progress, cancelled=cancelled),
        )

    def _check(self, request: DrawRequest, n: int, rerank: int | None) -> None:
        check_whole("number of pictures", n, 1, MAX_PICTURES)
        if rerank is not None:
            check_whole("number of candidates", rerank, n, MAX_PICTURES)
        last = request.seed + (rerank or n) - 1
        if last >= SEED_LIMIT:
            raise InputError(f"The seed {request.seed} leaves no room for {rerank or n} pictures; lower it.")
        sizes = self._engine.manifest.sizes
        if request.size not in sizes:
            known = ", ".join(map(str, sizes))
            raise InputError(f"The model {self.name} draws no size {request.size}; choose one of {known}.")
