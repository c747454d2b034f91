"""The one facade. The command line and the server know nothing below it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

from sfumato.types import CancelledCallback, Picture, ProgressCallback

EngineName = Literal["openvino", "torch"]
SEED_BITS = 32


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
        precision: Literal["bf16", "f32"] | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The model's name, as recorded in its pictures."""
        raise NotImplementedError

    @property
    def version(self) -> str:
        """The model's version, as recorded in its pictures."""
        raise NotImplementedError

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
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> list[Picture]:
        """Draws `n` pictures of `prompt`; picture k has seed + k and is the same drawn alone.

        seed None chooses one at random (recorded in the picture). steps, guidance, sampler: the decoder's,
        None for the model's preset. rerank K >= n draws K small candidates with seeds seed..seed+K-1 and
        finishes the n that fit the prompt best, best first; each keeps its own seed.
        Raises `InputError` for a bad argument and `Cancelled` when `cancelled()` says so between two steps.
        """
        raise NotImplementedError


def random_seed() -> int:
    """A fresh seed, short enough to be read aloud."""
    return secrets.randbelow(2**SEED_BITS)
