"""sfumato redraw: the same picture again, from the record it carries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfumato.cli.common import JsonOption, OutputOption
from sfumato.cli.deliver import background_for, deliver, draw_pictures
from sfumato.cli.sheet import SEEDS
from sfumato.cli.show import FileArgument, read_record
from sfumato.cli.target import Target
from sfumato.errors import InputError
from sfumato.types import DrawRequest

if TYPE_CHECKING:
    from sfumato.api import Sfumato


def redraw(
    file: FileArgument,
    *,
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
    """Draw a picture again from its own record, pixel for pixel."""
    target = Target.parse(output)
    target.check()
    request = read_request(file)
    from sfumato.api import Sfumato

    painter = Sfumato(model_of(request) if model is None else model)
    if not anyway:
        check_model(painter, request)
    shown, notes = background_for(target, request.background)
    pictures = draw_pictures(painter, request.prompt, **{**settings(request), "background": shown})
    deliver(pictures, target, as_json=as_json, notes=notes)


def read_request(file: Path) -> DrawRequest:
    """The request a picture's file carries. `InputError` when it carries none, or is a contact sheet."""
    record = read_record(file)
    if SEEDS in record:
        raise InputError(f"{file} is a contact sheet; give one of the pictures on it.")
    return DrawRequest.from_record(record)


def model_of(request: DrawRequest) -> str:
    """The name of the picture's model. `InputError` for a path: a file must not choose what is opened."""
    name = request.model
    if not isinstance(name, str) or re.fullmatch(r"\w[\w.-]*", name) is None:
        raise InputError(f"The picture's model {name!r} is no model's name; give the model with --model.")
    return name


def check_model(painter: Sfumato, request: DrawRequest) -> None:
    """Raises `InputError` unless the picture was drawn by this very model."""
    if (painter.name, painter.version) != (request.model, request.version):
        raise InputError(
            f"The picture was drawn by {request.model} {request.version} and this is {painter.name} "
            f"{painter.version}, which would draw it differently; add --anyway to draw it all the same."
        )


def settings(request: DrawRequest) -> dict[str, Any]:
    """The facade's arguments that draw this request's picture."""
    names = ("seed", "size", "steps", "guidance", "background", "system", "sampler")
    return {name: getattr(request, name) for name in names}
