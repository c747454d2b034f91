"""The request for a picture that was moved from one description towards another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sfumato.errors import InputError
from sfumato.requests.checks import check_number, check_whole
from sfumato.requests.manipulate import Manipulation
from sfumato.text.prompt import check_prompt

MAX_FRAMES = 100


@dataclass(frozen=True, kw_only=True)
class ShiftRequest(Manipulation):
    """`prompt` is what the picture is to become, `base` what it is now (may be empty), theta in [0, 1] how far:
    0 is the picture itself, 1 the difference of the texts alone.
    """

    operation: ClassVar[str] = "shift"

    theta: float
    base: str = ""

    def check(self) -> None:
        super().check()
        check_prompt(self.prompt)
        if self.base:
            check_prompt(self.base)
        if self.base.strip() == self.prompt.strip():
            raise InputError(f"The picture is to go from {self.base!r} to the same words; give two descriptions.")
        check_number("strength", self.theta, 0, 1)
        object.__setattr__(self, "theta", float(self.theta))

    @property
    def keeps_noise(self) -> bool:
        return True


def thetas(strength: float, frames: int) -> list[float]:
    """From 0 to `strength` in equal steps; one frame alone is at `strength`."""
    check_whole("number of steps", frames, 1, MAX_FRAMES)
    check_number("strength", strength, 0, 1)
    if frames == 1:
        return [strength]
    return [round(strength * index / (frames - 1), 12) for index in range(frames)]
