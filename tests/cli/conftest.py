"""A painter that stands in for the facade: real pictures and records, no networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sfumato.cli import main
from sfumato.errors import Cancelled
from sfumato.types import DrawRequest, Picture, Progress

STEPS = 3


class Painter:
    """Draws noise from the seed, at a 16th of the size asked for; remembers what it was asked."""

    name = "sticker"
    version = "1.2.3"
    calls: list[dict[str, Any]] = []  # noqa: RUF012 - emptied by the fixture
    models: list[str] = []  # noqa: RUF012
    before_step: Callable[[int], None] | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, model: str = "sticker") -> None:
        self.models.append(model)

    def draw(self, prompt: str, *, progress: Any, cancelled: Any, **settings: Any) -> list[Picture]:
        self.calls.append({"prompt": prompt, **settings})
        n, seed = settings["n"] if "n" in settings else 1, settings["seed"]
        return [self._one(prompt, 7 if seed is None else seed, k, n, progress, cancelled, settings) for k in range(n)]

    def _one(
        self, prompt: str, seed: int, k: int, n: int, progress: Any, cancelled: Any, settings: dict[str, Any]
    ) -> Picture:
        for step in range(1, STEPS + 1):
            if type(self).before_step is not None:
                type(self).before_step(step)
            if cancelled():
                raise Cancelled("Stopped.")
            if progress is not None:
                progress(Progress(stage="upsampler_256", step=step, steps=STEPS, picture=k + 1, pictures=n))
        request = DrawRequest(
            prompt=prompt,
            seed=seed + k,
            size=settings["size"],
            steps=settings["steps"] or 5,
            guidance=3.0 if settings["guidance"] is None else settings["guidance"],
            sampler=settings["sampler"] or "ddim",
            background=settings["background"],
            system=settings["system"],
            model=self.name,
            version=self.version,
        )
        return Picture(pixels=noise(request), settings=request, seconds={"decoder": 0.5}, notes=self.notes)


def noise(request: DrawRequest) -> np.ndarray:
    """uint8 [size/16, size/16, 4 or 3], decided by the seed."""
    side = request.size // 16
    channels = 4 if request.background == "transparent" else 3
    return np.random.default_rng(request.seed).integers(0, 256, (side, side, channels), dtype=np.uint8)


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> type[Painter]:
    """Replaces the facade for one test."""

    class Fresh(Painter):
        calls: list[dict[str, Any]] = []  # noqa: RUF012
        models: list[str] = []  # noqa: RUF012

    monkeypatch.setattr("sfumato.api.Sfumato", Fresh)
    return Fresh


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a run ended."""

    code: int
    out: str
    err: str
    lines: list[str] = field(default_factory=list)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process: `run("draw", "a fox")`."""

    def call(*argv: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in argv])
        out, err = capsys.readouterr()
        return Ran(code=code, out=out, err=err, lines=out.splitlines())

    return call


def one_sentence(text: str, *words: str) -> bool:
    """True when the text is a single line that ends as a sentence does and holds the words, no traceback."""
    return text.count("\n") == 1 and text.endswith(".\n") and all(word in text for word in words)


def names(folder: Any) -> Sequence[str]:
    """The names of all files below a folder, hidden ones too, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
