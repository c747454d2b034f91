"""A picture of any operation again, from its request and the pictures that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sfumato.errors import InputError
from sfumato.picture.mask import repaint_mask
from sfumato.picture.read import Source
from sfumato.pipeline import generate
from sfumato.pipeline.blend import blend
from sfumato.pipeline.edit import edit
from sfumato.pipeline.extend import extend
from sfumato.pipeline.model import Model
from sfumato.pipeline.shift import shift
from sfumato.pipeline.variation import vary
from sfumato.pipeline.watch import SILENT, Observer
from sfumato.requests.base import Request, SourceRef
from sfumato.requests.edit import EditRequest
from sfumato.types import Picture

Redraw = Callable[[Model, Any, Sequence[Source], Observer], Sequence[Picture]]


def _edit(model: Model, request: EditRequest, sources: Sequence[Source], observer: Observer) -> list[Picture]:
    mask = repaint_mask(sources[0], sources[1] if len(sources) > 1 else None, request.mask_colour)
    return edit(model, request, sources[0], mask, observer=observer)


REDRAW: Mapping[str, Redraw] = {
    "draw": lambda model, request, _, observer: generate.draw(model, request, observer=observer),
    "edit": _edit,
    "extend": lambda model, request, sources, observer: extend(model, request, sources[0], observer=observer),
    "vary": lambda model, request, sources, observer: vary(model, [request], sources, observer=observer),
    "blend": lambda model, request, sources, observer: blend(model, [request], sources, observer=observer),
    "shift": lambda model, request, sources, observer: shift(model, [request], sources, observer=observer),
}
"""How each operation's request becomes its one picture."""


def redraw(
    model: Model, request: Request, sources: Sequence[Source] = (), *, observer: Observer = SILENT
) -> Picture:
    """The request's picture. sources: those it names, in any order. Raises `InputError` for one that is missing or
    has other pixels, and `Cancelled` between two steps.
    """
    (picture,) = REDRAW[request.operation](model, request, matched(request.sources, sources), observer)
    return picture


def matched(wanted: Sequence[SourceRef], given: Sequence[Source]) -> list[Source]:
    """The given sources in the order of the wanted ones, found by their pixels' SHA-256."""
    known = {source.sha256: source for source in given}
    for ref in wanted:
        if ref.sha256 not in known:
            raise InputError(_missing(ref, given))
    return [known[ref.sha256] for ref in wanted]


def _missing(ref: SourceRef, given: Sequence[Source]) -> str:
    if not given:
        return f"The picture was made from {ref.name}; give that file with --source."
    names = ", ".join(source.name for source in given)
    return (
        f"The picture was made from {ref.name} with the SHA-256 {ref.sha256[:12]}…, and {names} is not that picture; "
        "give the very one with --source."
    )
