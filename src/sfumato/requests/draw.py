"""The request for a picture of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sfumato.errors import InputError
from sfumato.requests.base import Request
from sfumato.requests.checks import TRANSPARENT, check_choice, normal_background
from sfumato.text.prompt import check_prompt

System = Literal["unclip", "glide"]
Prior = Literal["diffusion", "ar"]

SYSTEMS: tuple[str, ...] = ("unclip", "glide")
PRIORS: tuple[str, ...] = ("diffusion", "ar")
SIZES: tuple[int, ...] = (256, 512, 1024)


@dataclass(frozen=True, kw_only=True)
class Sized(Request):
    """A request for a picture of one of the model's sizes; `background` is stored as "transparent" or "#rrggbb"."""

    size: int
    background: str = TRANSPARENT

    def check(self) -> None:
        check_choice("size", self.size, SIZES)
        object.__setattr__(self, "background", normal_background(self.background))


@dataclass(frozen=True, kw_only=True)
class DrawRequest(Sized):
    """A prompt with its settings. `prior` is what makes z_img of the words; glide has none."""

    operation: ClassVar[str] = "draw"

    system: str = "unclip"
    prior: str = "diffusion"

    def check(self) -> None:
        super().check()
        check_prompt(self.prompt)
        check_choice("system", self.system, SYSTEMS)
        check_choice("prior", self.prior, PRIORS)
        if self.system == "glide" and self.prior != "diffusion":
            raise InputError("The system glide draws without a prior; choose the system unclip, or no prior.")
