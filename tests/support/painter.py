"""A painter in the place of the facade where networks would only be in the way: real pictures and records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.errors import Cancelled
from sfumato.requests.base import SourceRef
from sfumato.requests.blend import BlendRequest, walk
from sfumato.requests.draw import DrawRequest, Sized
from sfumato.requests.shift import ShiftRequest, thetas
from sfumato.requests.vary import VaryRequest
from sfumato.types import Picture, Progress

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
        return [self._work(self._picture(prompt, k, settings), k, many, progress, cancelled) for k in range(many)]

    def vary(self, picture: Any, *, n: int, keep: str, prompt: str, **settings: Any) -> list[Picture]:
        """Takes what the facade takes."""
        self.calls.append({"picture": picture, "n": n, "keep": keep, "prompt": prompt, **plain(settings)})
        made = [VaryRequest(keep=keep, prompt=prompt, **self._common([picture], settings, k)) for k in range(n)]
        return self._worked(made, settings)

    def blend(self, pictures: Any, *, frames: Any, weights: Any, n: Any, noise: Any, **settings: Any) -> list[Picture]:
        """Takes what the facade takes."""
        told = {"frames": frames, "weights": weights, "n": n, "noise": noise}
        self.calls.append({"pictures": pictures, **told, **plain(settings)})
        mixing = weights is not None or n is not None
        ways = [tuple(weights or (1,) * len(pictures))] * (n or 1) if mixing else walk(len(pictures), frames or 5)
        seeds = range(len(ways)) if mixing else [0] * len(ways)
        made = [
            BlendRequest(prompt="", weights=one, **self._common(pictures, settings, k))
            for k, one in zip(seeds, ways, strict=True)
        ]
        return self._worked(made, settings)

    def shift(
        self, picture: Any, *, to: str, from_: str, frames: int, strength: float, **settings: Any
    ) -> list[Picture]:
        """Takes what the facade takes."""
        told = {"to": to, "from_": from_, "frames": frames, "strength": strength}
        self.calls.append({"picture": picture, **told, **plain(settings)})
        made = [
            ShiftRequest(prompt=to, base=from_, theta=theta, **self._common([picture], settings, 0))
            for theta in thetas(strength, frames)
        ]
        return self._worked(made, settings)

    def redraw(self, request: Any, sources: Any, *, progress: Any, cancelled: Any) -> Picture:
        """Takes what the facade takes."""
        self.calls.append({"request": request, "sources": list(sources)})
        return self._work(Picture(pixels=noise(request), settings=request, notes=self.notes), 0, 1, progress, cancelled)

    def _worked(self, requests: list[Any], settings: dict[str, Any]) -> list[Picture]:
        watch = settings["progress"], settings["cancelled"]
        pictures = [Picture(pixels=noise(one), settings=one, notes=self.notes) for one in requests]
        return [self._work(one, k, len(pictures), *watch) for k, one in enumerate(pictures)]

    def _work(self, picture: Picture, k: int, many: int, progress: Any, cancelled: Any) -> Picture:
        """The time that a picture takes."""
        for step in range(1, STEPS + 1):
            self.before_step(step)
            if cancelled():
                raise Cancelled("Stopped.")
            if progress is not None:
                done = {"step": step, "steps": STEPS, "picture": k + 1, "pictures": many}
                progress(Progress(stage="upsampler_256", **done))
        return picture

    def _common(self, pictures: list[Any], settings: dict[str, Any], k: int) -> dict[str, Any]:
        """What requests that begin from pictures share."""
        return {
            "seed": k + (SEED if settings["seed"] is None else settings["seed"]),
            "size": settings["size"],
            "steps": settings["steps"] or 5,
            "guidance": 1.0 if settings["guidance"] is None else settings["guidance"],
            "sampler": "ddim",
            "background": settings["background"] or "transparent",
            "model": self.name,
            "version": self.version,
            "sources": tuple(SourceRef(name=Path(one).name, sha256="ab" * 32) for one in pictures),
        }

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
            prior=settings.get("prior", "diffusion"),
            model=self.name,
            version=self.version,
        )
        return Picture(pixels=noise(request), settings=request, seconds={"decoder": 0.5}, notes=self.notes)


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Without the callbacks."""
    return {key: value for key, value in settings.items() if key not in {"progress", "cancelled"}}


def noise(request: Sized) -> np.ndarray:
    """uint8 [size/16, size/16, 4 or 3], decided by the seed and the place on a way."""
    side = request.size // 16
    channels = 4 if request.background == "transparent" else 3
    place = repr((getattr(request, "weights", None), getattr(request, "theta", None)))
    rng = np.random.default_rng([request.seed, *place.encode()])
    return rng.integers(0, 256, (side, side, channels), dtype=np.uint8)


def one_sentence(text: str, *words: str) -> bool:
    """True when the text is one line, ends as a sentence does and holds the words; so it is no traceback."""
    return text.count("\n") == 1 and text.endswith(".\n") and all(word in text for word in words)


def names(folder: Path) -> list[str]:
    """The names of all files below a folder, hidden ones too, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
