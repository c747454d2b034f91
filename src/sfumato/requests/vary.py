"""The request for a variation of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sfumato.requests.checks import check_choice
from sfumato.requests.manipulate import Manipulation
from sfumato.text.prompt import check_prompt

KEEPS: tuple[str, ...] = ("none", "some", "most")


@dataclass(frozen=True, kw_only=True)
class VaryRequest(Manipulation):
    """keep: "most" keeps embedding and noise and shakes the way a little, "some" keeps the embedding alone,
    "none" draws the embedding anew in its neighbourhood. `prompt` may be empty.
    """

    operation: ClassVar[str] = "vary"

    keep: str = "some"

    def check(self) -> None:
        super().check()
        check_choice("amount to keep", self.keep, KEEPS)
        if self.prompt:
            check_prompt(self.prompt)

    @property
    def keeps_noise(self) -> bool:
        return self.keep == "most"
