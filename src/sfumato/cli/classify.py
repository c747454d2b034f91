"""sfumato classify: which of several labels fits a picture."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfumato.cli.common import JsonOption, print_json
from sfumato.cli.interrupt import interruptible
from sfumato.cli.show import printable
from sfumato.cli.target import FOREIGN, SUFFIXES
from sfumato.errors import Cancelled, InputError

if TYPE_CHECKING:
    from sfumato.types import Classification


def classify(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE... LABEL LABEL...",
            help="One or more PNG, JPEG or WebP files, then what they may show.",
        ),
    ],
    *,
    templates: Annotated[
        list[str] | None,
        typer.Option(
            "--template",
            help='What a label is said in, such as "a sticker of {}"; several are averaged. '
            "Without it the label alone.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")] = "sticker",
    as_json: JsonOption = False,
) -> None:
    """Say which of several labels fits a picture.

    Prints the labels by probability, the likeliest first; of several pictures a line each. A thing and its opposite
    ("a hot dog" "not a hot dog") are understood as a question about the thing alone.
    """
    pictures, labels = split(arguments)
    from sfumato.api import Sfumato

    painter = Sfumato(model)
    ask = painter.classifier(labels, templates=templates) if templates else painter.classifier(labels)
    found: list[Classification] = []
    with interruptible() as cancelled:
        for picture in pictures:
            if cancelled():
                raise Cancelled("Stopped.")
            found.append(ask(Path(picture)))
    if as_json:
        print_json({"pictures": [to_json(*pair) for pair in zip(pictures, found, strict=True)]})
        return
    for line in lines(pictures, found):
        typer.echo(line)


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The pictures in front, and the labels behind them.

    The first argument is a picture, and so is each one after it that has a picture's suffix; patterns such as
    `*.png` are filled in where the shell has not done so. `InputError` for a pattern that fits nothing.
    """
    count = 1
    while count < len(arguments) and Path(arguments[count]).suffix.lower() in (*SUFFIXES, *FOREIGN):
        count += 1
    pictures = [path for argument in arguments[:count] for path in expand(argument)]
    return pictures, list(arguments[count:])


def expand(pattern: str) -> list[str]:
    """The files that a pattern stands for, sorted; a name that is no pattern stands for itself."""
    if not glob.has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    paths = sorted(glob.glob(pattern, recursive=True))
    if not paths:
        raise InputError(f"No file fits {pattern}; check the pattern.")
    return paths


def lines(pictures: Sequence[str], found: Sequence[Classification]) -> list[str]:
    """Of one picture a line for each label, of several a line for each picture."""
    if len(found) == 1:
        return [f"{share(p):>7}  {printable(label)}" for label, p in ranked(found[0])]
    rows = zip(pictures, (ranked(one)[0] for one in found), strict=True)
    return [f"{printable(picture)}: {printable(label)} {share(p)}" for picture, (label, p) in rows]


def ranked(one: Classification) -> list[tuple[str, float]]:
    """Labels with their probabilities, the likeliest first, equal ones as they were given."""
    return sorted(zip(one.labels, one.probabilities, strict=True), key=lambda pair: -pair[1])


def share(p: float) -> str:
    """0.0734 → "7.3 %"."""
    return f"{100 * p:.1f} %"


def to_json(picture: str, one: Classification) -> dict[str, Any]:
    """The picture's entry in the object that --json prints; labels as they were given."""
    return {
        "picture": picture,
        "label": one.best,
        "probabilities": dict(zip(one.labels, one.probabilities, strict=True)),
    }
