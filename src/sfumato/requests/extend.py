"""The request for a picture to go on beyond its borders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from sfumato.errors import InputError
from sfumato.requests.checks import check_whole
from sfumato.requests.edit import Repaint

MAX_SIDE = 4096
_AMOUNT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*(%|px|)")


@dataclass(frozen=True, kw_only=True)
class ExtendRequest(Repaint):
    """`left`, `right`, `top` and `bottom` are the pixels that are added; at least one is above 0."""

    operation: ClassVar[str] = "extend"

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def check(self) -> None:
        super().check()
        for name in ("left", "right", "top", "bottom"):
            check_whole(f"amount on the {name}", getattr(self, name), 0, MAX_SIDE)
        if not any((self.left, self.right, self.top, self.bottom)):
            raise InputError("Nothing is to be added; give --left, --right, --top or --bottom, such as --left 50%.")


def parse_amount(amount: int | str, length: int, side: str) -> int:
    """Pixels to add at `side` of a picture that is `length` long there: 200, "200", or "50%" of the length.

    Raises InputError for what is neither.
    """
    found = _AMOUNT.fullmatch(str(amount).strip())
    if isinstance(amount, bool) or found is None or (found[2] != "%" and "." in found[1]):
        raise InputError(f"The amount {amount!r} on the {side} cannot be used; give pixels, such as 200, or 50%.")
    return round(float(found[1]) * length / 100) if found[2] == "%" else int(found[1])


def check_canvas(width: int, height: int) -> None:
    """Raises `InputError` when the extended picture would be too large."""
    if max(width, height) > MAX_SIDE:
        raise InputError(
            f"The extended picture would have {width}×{height} pixels; add less, at most {MAX_SIDE} a side are made."
        )
