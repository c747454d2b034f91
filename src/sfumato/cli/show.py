"""sfumato show: what a picture was drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sfumato.cli.common import JsonOption, print_json
from sfumato.errors import InputError

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A picture that Sfumato drew.")]


def show(file: FileArgument, *, as_json: JsonOption = False) -> None:
    """Print what a picture was drawn from."""
    record = read_record(file)
    if as_json:
        print_json(record)
        return
    for line in lines(record):
        typer.echo(line)


def read_record(file: Path) -> dict[str, Any]:
    """The record that a picture's file carries. `InputError` when it cannot be read or carries none."""
    from sfumato.picture import metadata

    record = metadata.read(file)
    if record is None:
        raise InputError(f"{file} carries no record of how it was drawn; give a file that Sfumato wrote.")
    return record


def lines(record: Mapping[str, Any]) -> Iterator[str]:
    """One line a setting, the values aligned."""
    rows = [(f"{printable(key)}:", printable(str(value))) for key, value in record.items()]
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"{name:<{width}} {value}" for name, value in rows)


def printable(text: str) -> str:
    """The text with control characters escaped: a file from a stranger must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
