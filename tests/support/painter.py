"""A painter in the place of the facade where networks would only be in the way: real pictures and records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.errors import Cancelled
from sfumato.types import DrawRequest, Picture, Progress

STEPS = 3
SEED = 7  # when none is asked for


class Painter:
    """Draws noise from the seed, at a 16th of the size asked for; remembers what it was asked."""

    name = "sticker"
    version = "1.2.3"
    notes: tuple[str, ...] = ()
    before_step: Callable[[int], None] = staticmethod(lambda _step: None)
    models: list[str] = []  # noqa: RUF012 - the fixture gives every test its own lists
    calls: list[dict[str, Any]] = []  # noqa: RUF012

    def __init__(self, model: str = "sticker") -> None:
        self.models.append(model)

    def draw(self, prompt: str, *, progress: Any, cancelled: Any, **settings: Any) -> list[Picture]:
        """Takes what the facade takes."""
        self.calls.append({"prompt": prompt, **settings})
        many = settings.get("n", 1)
        pictures = []
        for k in range(many):
            for step in range(1, STEPS + 1):
                self.before_step(step)
                if cancelled():
                    raise Cancelled("Stopped.")
                if progress is not None:
                    done = {"step": step, "steps": STEPS, "picture": k + 1, "pictures": many}
                    progress(Progress(stage="upsampler_256", **done))
            pictures.append(self._picture(prompt, k, settings))
        return pictures

    def _picture(self, prompt: str, k: int, settings: dict[str, Any]) -> Picture:
        request = DrawRequest(
            prompt=prompt,
            seed=k + (SEED if settings["seed"] is None else settings["seed"]),
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


def one_sentence(text: str, *words: str) -> bool:
    """True when the text is one line, ends as a sentence does and holds the words; so it is no traceback."""
    return text.count("\n") == 1 and text.endswith(".\n") and all(word in text for word in words)


def names(folder: Path) -> list[str]:
    """The names of all files below a folder, hidden ones too, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
