"""sfumato describe: a picture becomes words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli.common import JsonOption, print_json
from sfumato.cli.interrupt import interruptible
from sfumato.cli.progress import progress_bar


def describe(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="Any PNG, JPEG or WebP file.")],
    *,
    number: Annotated[int, typer.Option("-n", "--number", help="How many descriptions, 1 to 20.")] = 1,
    model: Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")] = "sticker",
    as_json: JsonOption = False,
) -> None:
    """Say in words what a picture shows.

    Prints a description a line, the best first; each can be drawn again. The same picture always gets the same.
    """
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        found = Sfumato(model).describe(picture, n=number, progress=progress, cancelled=cancelled)
    if as_json:
        rows = [{"text": one.text, "score": one.score} for one in found]
        print_json({"picture": str(picture), "descriptions": rows})
        return
    for one in found:
        typer.echo(one.text)
