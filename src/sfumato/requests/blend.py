"""The request for a picture between others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sfumato.errors import InputError
from sfumato.requests.checks import check_choice, check_number, check_whole
from sfumato.requests.manipulate import Manipulation

NOISES: tuple[str, ...] = ("slerp", "fixed")
MAX_SOURCES = 16
MAX_FRAMES = 100
MAX_WEIGHT = 1e6


@dataclass(frozen=True, kw_only=True)
class BlendRequest(Manipulation):
    """weights: one a source, not negative, not all 0. noise: "slerp" mixes x_T as it mixes the embeddings,
    "fixed" takes it from the seed. `prompt` is empty.
    """

    operation: ClassVar[str] = "blend"
    least_sources: ClassVar[int] = 2
    most_sources: ClassVar[int] = MAX_SOURCES

    weights: tuple[float, ...]
    noise: str = "slerp"

    def check(self) -> None:
        super().check()
        check_choice("noise", self.noise, NOISES)
        check_weights(self.weights, len(self.sources), zero=True)
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))

    @property
    def keeps_noise(self) -> bool:
        return self.noise == "slerp"


def check_weights(weights: object, pictures: int, *, zero: bool = False) -> None:
    """As many positive numbers as there are pictures; `zero` allows some of them, but not all, to be 0."""
    if isinstance(weights, str) or not isinstance(weights, Sequence) or len(weights) != pictures:
        raise InputError(f"The weights {weights!r} do not fit {pictures} pictures; give one number for each.")
    for weight in weights:
        check_number("weight", weight, 0, MAX_WEIGHT)
        if weight == 0 and not zero:
            raise InputError("The weight 0 leaves a picture out; give a positive number, or fewer pictures.")
    if not any(weights):
        raise InputError("The weights are all 0; make at least one of them positive.")


def walk(pictures: int, frames: int) -> list[tuple[float, ...]]:
    """Weights of `frames` pictures evenly spread on the way from the first picture through all the others."""
    check_whole("number of steps", frames, 2, MAX_FRAMES)
    places = [index * (pictures - 1) / (frames - 1) for index in range(frames)]
    return [tuple(max(0.0, 1.0 - abs(place - k)) for k in range(pictures)) for place in places]
