"""sfumato show: what a picture was drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sfumato.cli.common import JsonOption, print_json
from sfumato.cli.sheet import KEY

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A picture that Sfumato drew.")]


def show(file: FileArgument, *, as_json: JsonOption = False) -> None:
    """Print what a picture was drawn from."""
    from sfumato.picture import metadata  # noqa: PLC0415 - loads numpy and Pillow

    record = metadata.read(file)
    if as_json:
        print_json(record)
        return
    for line in lines(record):
        typer.echo(line)


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """One line a setting, values aligned; a contact sheet's pictures one after the other."""
    plain = {key: value for key, value in record.items() if key != KEY}
    width = max(map(len, plain), default=0) + 2
    yield from (f"{key + ':':<{width}}{value}" for key, value in plain.items())
    for number, picture in enumerate(record.get(KEY, ()), 1):
        yield f"picture {number}:"
        yield from (f"  {line}" for line in lines(picture))
