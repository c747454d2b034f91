"""What every method of the facade begins with: the model, its presets as settings, and the checks that need both."""

from __future__ import annotations

from typing import Any

from sfumato.diffusion.rng import random_seed
from sfumato.errors import InputError
from sfumato.picture.read import Source
from sfumato.pipeline.model import Model
from sfumato.requests.base import Request, SourceRef
from sfumato.requests.checks import MAX_PICTURES, SEED_LIMIT, check_whole


class Facade:
    """One model, ready to run."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's name, as recorded in its pictures."""
        return self._model.manifest.name

    @property
    def version(self) -> str:
        """The model's version, as recorded in its pictures."""
        return self._model.manifest.version

    def _settings(
        self, *, seed: int | None, steps: int | None, guidance: float | None, sampler: str | None
    ) -> dict[str, Any]:
        """What every request holds: None stands for a random seed and the model's own presets."""
        preset = self._model.manifest.stages.decoder
        return {
            "seed": random_seed() if seed is None else seed,
            "steps": preset.steps if steps is None else steps,
            "guidance": preset.guidance if guidance is None else guidance,
            "sampler": preset.sampler if sampler is None else sampler,
            "model": self.name,
            "version": self.version,
        }

    def _check_count(self, seed: int, n: int, rerank: int | None = None) -> None:
        check_whole("number of pictures", n, 1, MAX_PICTURES)
        if rerank is not None:
            check_whole("number of candidates", rerank, n, MAX_PICTURES)
        if seed + (rerank or n) > SEED_LIMIT:
            raise InputError(f"The seed {seed} leaves no room for {rerank or n} pictures; lower it.")

    def _check_size(self, request: Request) -> None:
        """Only requests that have a size ask for one."""
        sizes = self._model.manifest.sizes
        size = getattr(request, "size", sizes[0])
        if size not in sizes:
            known = ", ".join(map(str, sizes))
            raise InputError(f"The model {self.name} draws no size {size}; choose one of {known}.")


def refs(*sources: Source | None) -> tuple[SourceRef, ...]:
    """What a request says of the pictures that it begins from; None is left out."""
    return tuple(SourceRef(name=one.name, sha256=one.sha256) for one in sources if one is not None)
