"""sfumato blend: the way from one picture to another, or one mixture of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli.common import JsonOption
from sfumato.cli.deliver import deliver, notes_for_flattened
from sfumato.cli.interrupt import interruptible
from sfumato.cli.options import (
    BackdropOption,
    DecoderStepsOption,
    KeptGuidanceOption,
    ModelOption,
    SeedOption,
    SizeOption,
)
from sfumato.cli.progress import progress_bar
from sfumato.cli.strip import AnimateOption, Reel, StripOutputOption, deliver_strip
from sfumato.errors import InputError

USUAL_STEPS = 5


def blend(
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE...", help="Two or more PNG, JPEG or WebP files.")
    ],
    *,
    steps: Annotated[
        int | None,
        typer.Option(help="Pictures on the way, the first and the last included; without it 5.", show_default=False),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="W,W,...",
            help="Mix the pictures into one instead, with one positive number for each, such as 2,1,1.",
            show_default=False,
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("-n", "--number", help="How many pictures of one mixture, 1 to 100.", show_default=False),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            help="slerp mixes layouts and details as well, fixed takes them from the seed; without it slerp on a way "
            "and fixed in a mixture.",
            show_default=False,
        ),
    ] = None,
    animate: AnimateOption = False,
    seed: SeedOption = None,
    size: SizeOption = 1024,
    decoder_steps: DecoderStepsOption = None,
    guidance: KeptGuidanceOption = None,
    background: BackdropOption = None,
    model: ModelOption = "sticker",
    output: StripOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw what lies between pictures.

    Without --weights and -n: a strip of pictures on the way from the first through the others to the last. With one
    of them: pictures of one mixture. Prints the files they are in, one a line.
    """
    shares = None if weights is None else parse_weights(weights)
    reel = Reel.parse(output, animate=animate)
    mixing = shares is not None or number is not None
    if mixing and reel.animated is not None:
        raise InputError("Only a way in steps can be animated; leave out --weights and -n, or name a .png file.")
    reel.check_steps(USUAL_STEPS if steps is None else steps)
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        made = Sfumato(model).blend(
            pictures,
            frames=steps,
            weights=shares,
            n=number,
            noise=noise,
            seed=seed,
            size=size,
            steps=decoder_steps,
            guidance=guidance,
            background=background,
            progress=progress,
            cancelled=cancelled,
        )
    if mixing:
        deliver(made, reel.target, as_json=as_json, notes=notes_for_flattened(made, reel.target))
    else:
        deliver_strip(made, reel, as_json=as_json)


def parse_weights(text: str) -> list[float]:
    """Numbers between commas. Raises `InputError` for anything else."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"The weights {text!r} are no numbers; give one for each picture, such as 2,1,1.") from None
