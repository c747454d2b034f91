"""sfumato vary: variations of a picture."""

from __future__ import annotations

from typing import Annotated

import typer

from sfumato.cli.common import JsonOption, OutputOption
from sfumato.cli.deliver import deliver, notes_for_flattened
from sfumato.cli.interrupt import interruptible
from sfumato.cli.options import (
    BackdropOption,
    KeptGuidanceOption,
    ModelOption,
    NumberOption,
    PictureArgument,
    SeedOption,
    SizeOption,
    StepsOption,
)
from sfumato.cli.progress import progress_bar
from sfumato.cli.target import Target


def vary(
    picture: PictureArgument,
    *,
    number: NumberOption = 4,
    keep: Annotated[
        str,
        typer.Option(
            help="most keeps layout and details, some only what the picture shows, none not even that entirely."
        ),
    ] = "some",
    prompt: Annotated[
        str, typer.Option(help="Words that the variations are to fit too.", show_default=False)
    ] = "",
    seed: SeedOption = None,
    size: SizeOption = 1024,
    steps: StepsOption = None,
    guidance: KeptGuidanceOption = None,
    background: BackdropOption = None,
    model: ModelOption = "sticker",
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw variations of a picture.

    Prints the files they are in, one a line, and a contact sheet. They have the picture's shape.
    """
    target = Target.parse(output)
    target.check()
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        pictures = Sfumato(model).vary(
            picture,
            n=number,
            keep=keep,
            prompt=prompt,
            seed=seed,
            size=size,
            steps=steps,
            guidance=guidance,
            background=background,
            progress=progress,
            cancelled=cancelled,
        )
    deliver(pictures, target, as_json=as_json, notes=notes_for_flattened(pictures, target))
