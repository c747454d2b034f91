"""The request for a part of a picture to be repainted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sfumato.errors import InputError
from sfumato.requests.base import Request
from sfumato.requests.checks import check_choice, check_whole
from sfumato.requests.draw import PRIORS, SYSTEMS
from sfumato.text.prompt import check_prompt

MASK_COLOURS: tuple[str, ...] = ("alpha", "white", "black")
MAX_FEATHER = 4096


@dataclass(frozen=True, kw_only=True)
class Repaint(Request):
    """What editing and extending share: words for what is painted into a picture, the first of `sources`.

    `feather` is the distance in pixels over which the painting is fitted to what is around it.
    """

    feather: int
    system: str = "unclip"
    prior: str = "diffusion"

    def check(self) -> None:
        check_prompt(self.prompt)
        check_whole("feather", self.feather, 0, MAX_FEATHER)
        check_choice("system", self.system, SYSTEMS)
        check_choice("prior", self.prior, PRIORS)
        if not self.sources:
            raise InputError("The picture's record does not say what it was made from, so it cannot be made again.")


@dataclass(frozen=True, kw_only=True)
class EditRequest(Repaint):
    """`sources` are the picture and, where one was given, the mask; `mask_colour` says how that is read."""

    operation: ClassVar[str] = "edit"

    mask_colour: str = "alpha"

    def check(self) -> None:
        super().check()
        check_choice("mask colour", self.mask_colour, MASK_COLOURS)
