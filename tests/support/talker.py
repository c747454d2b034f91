"""A talker in the place of the facade: says what it was told to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfumato.errors import Cancelled
from sfumato.types import Description, Progress

SCORES = (0.75, 0.5, 0.25)


class Talker:
    """Describes by the number of the description, suggests by the seed."""

    before_word: Callable[[int], None] = staticmethod(lambda _word: None)
    asked: list[dict[str, Any]] = []  # noqa: RUF012 - the fixture gives every test its own list

    def __init__(self, model: str = "sticker") -> None:
        self.model = model

    def describe(self, picture: object, *, n: int, progress: Any, cancelled: Any) -> list[Description]:
        """Takes what the facade takes."""
        self.asked.append({"model": self.model, "picture": picture, "n": n})
        self._speak(progress, cancelled)
        return [Description(text=f"a cat, number {k}", score=SCORES[k]) for k in range(n)]

    def suggest(
        self, start: str, *, n: int, seed: int, temperature: float | None, progress: Any, cancelled: Any
    ) -> list[str]:
        """Takes what the facade takes."""
        self.asked.append({"model": self.model, "start": start, "n": n, "seed": seed, "temperature": temperature})
        self._speak(progress, cancelled)
        return [f"{start} cat {seed + k}".strip() for k in range(n)]

    def _speak(self, progress: Any, cancelled: Any) -> None:
        for word in range(1, 4):
            self.before_word(word)
            if cancelled():
                raise Cancelled("Stopped.")
            if progress is not None:
                progress(Progress(stage="language", step=word, steps=3, picture=1, pictures=1))
