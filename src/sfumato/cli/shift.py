"""sfumato shift: a picture on its way from one description towards another."""

from __future__ import annotations

from typing import Annotated

import typer

from sfumato.cli.common import JsonOption
from sfumato.cli.interrupt import interruptible
from sfumato.cli.options import (
    BackdropOption,
    DecoderStepsOption,
    KeptGuidanceOption,
    ModelOption,
    PictureArgument,
    SeedOption,
    SizeOption,
)
from sfumato.cli.progress import progress_bar
from sfumato.cli.strip import AnimateOption, Reel, StripOutputOption, deliver_strip


def shift(
    picture: PictureArgument,
    *,
    to: Annotated[str, typer.Option("--to", help="What the picture is to become, in a few words.")],
    from_: Annotated[
        str, typer.Option("--from", help="What the picture is now; may be left out.", show_default=False)
    ] = "",
    steps: Annotated[
        int, typer.Option(help="Pictures on the way, the first (the picture itself) and the last included.")
    ] = 5,
    strength: Annotated[
        float, typer.Option(help="How far to go, 0 to 1: at 1 nothing is left of the picture but its layout.")
    ] = 0.4,
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
    """Move a picture from one description towards another.

    Draws a strip of pictures on the way and prints the files they are in, one a line.
    """
    reel = Reel.parse(output, animate=animate)
    reel.check_steps(steps)
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        made = Sfumato(model).shift(
            picture,
            to=to,
            from_=from_,
            frames=steps,
            strength=strength,
            seed=seed,
            size=size,
            steps=decoder_steps,
            guidance=guidance,
            background=background,
            progress=progress,
            cancelled=cancelled,
        )
    deliver_strip(made, reel, as_json=as_json)
