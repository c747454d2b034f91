"""sfumato suggest: prompts out of nothing, or out of their first words."""

from __future__ import annotations

from secrets import randbelow
from typing import Annotated

import typer

from sfumato.cli.common import JsonOption, print_json
from sfumato.cli.interrupt import interruptible
from sfumato.cli.progress import progress_bar

SEEDS = 2**31
"""Chosen ones are small enough to be typed again."""


def suggest(
    start: Annotated[
        str, typer.Argument(metavar="[START]", help="How the prompts begin; without it they are made up.")
    ] = "",
    *,
    number: Annotated[int, typer.Option("-n", "--number", help="How many suggestions, 1 to 100.")] = 4,
    seed: Annotated[
        int | None,
        typer.Option(help="Suggestion k gets seed + k; without it a random one.", show_default=False),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="From 0 to 2, higher is bolder; without it the model's own.", show_default=False),
    ] = None,
    model: Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")] = "sticker",
    as_json: JsonOption = False,
) -> None:
    """Suggest what to draw.

    Prints a prompt a line, no two alike. Given a start, each begins with it, word for word.
    """
    from sfumato.api import Sfumato

    seed = randbelow(SEEDS) if seed is None else seed
    with interruptible() as cancelled, progress_bar() as progress:
        found = Sfumato(model).suggest(
            start, n=number, seed=seed, temperature=temperature, progress=progress, cancelled=cancelled
        )
    if as_json:
        print_json({"start": start, "seed": seed, "suggestions": found})
        return
    for text in found:
        typer.echo(text)
