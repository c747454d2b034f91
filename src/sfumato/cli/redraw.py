"""sfumato redraw: the same picture again, from the record it carries."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfumato.cli.common import JsonOption, OutputOption
from sfumato.cli.deliver import background_for, deliver, notes_for_kept
from sfumato.cli.interrupt import interruptible
from sfumato.cli.progress import progress_bar
from sfumato.cli.sheet import FRAMES, SEEDS
from sfumato.cli.show import FileArgument, read_record
from sfumato.cli.target import Target
from sfumato.errors import InputError
from sfumato.requests.base import Request
from sfumato.requests.draw import Sized
from sfumato.requests.registry import read_request

if TYPE_CHECKING:
    from sfumato.api import Sfumato


def redraw(
    file: FileArgument,
    *,
    source: Annotated[
        list[Path] | None,
        typer.Option(
            help="A picture or mask that the picture was made from; say it once for each.", show_default=False
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The model, if it is not installed under its name.", show_default=False),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Draw with another model or version too; the picture may differ.")
    ] = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a picture again from its own record, pixel for pixel."""
    target = Target.parse(output)
    target.check()
    request = request_in(file)
    from sfumato.api import Sfumato

    painter = Sfumato(model_of(request) if model is None else model)
    if not anyway:
        check_model(painter, request)
    request, notes = shown_on(target, request)
    with interruptible() as cancelled, progress_bar() as progress:
        picture = painter.redraw(request, source or (), progress=progress, cancelled=cancelled)
    deliver([picture], target, as_json=as_json, notes=notes)


def request_in(file: Path) -> Request:
    """The request a picture's file carries. `InputError` when it carries none, or shows several pictures."""
    record = read_record(file)
    if SEEDS in record:
        raise InputError(f"{file} is a contact sheet; give one of the pictures on it.")
    if FRAMES in record:
        raise InputError(f"{file} shows a whole way of pictures; give one of them alone.")
    return read_request(record)


def shown_on(target: Target, request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request with a background that the target's format can show, and a note where something is lost."""
    if not isinstance(request, Sized):
        return request, notes_for_kept(target)
    shown, notes = background_for(target, request.background)
    return replace(request, background=shown), notes


def model_of(request: Request) -> str:
    """The name of the picture's model. `InputError` for a path: a file must not choose what is opened."""
    name = request.model
    if not isinstance(name, str) or re.fullmatch(r"\w[\w.-]*", name) is None:
        raise InputError(f"The picture's model {name!r} is no model's name; give the model with --model.")
    return name


def check_model(painter: Sfumato, request: Request) -> None:
    """Raises `InputError` unless the picture was drawn by this very model."""
    if (painter.name, painter.version) != (request.model, request.version):
        raise InputError(
            f"The picture was drawn by {request.model} {request.version} and this is {painter.name} "
            f"{painter.version}, which would draw it differently; add --anyway to draw it all the same."
        )
