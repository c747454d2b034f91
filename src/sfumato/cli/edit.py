"""sfumato edit: a part of a picture is painted anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli.common import JsonOption, OutputOption
from sfumato.cli.deliver import deliver, notes_for_kept
from sfumato.cli.interrupt import interruptible
from sfumato.cli.options import (
    FeatherOption,
    GuidanceOption,
    ModelOption,
    NumberOption,
    PictureArgument,
    PriorOption,
    SamplerOption,
    SeedOption,
    StepsOption,
    SystemOption,
)
from sfumato.cli.progress import progress_bar
from sfumato.cli.target import Target


def edit(
    picture: PictureArgument,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the whole picture is to show then.")],
    *,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="A picture of the same size that is fully transparent where to repaint; without it the picture's "
            "own transparency says where.",
            show_default=False,
        ),
    ] = None,
    mask_colour: Annotated[
        str, typer.Option(help="What marks the places to repaint in the mask: alpha, white or black.")
    ] = "alpha",
    number: NumberOption = 4,
    seed: SeedOption = None,
    steps: StepsOption = None,
    guidance: GuidanceOption = None,
    system: SystemOption = "unclip",
    prior: PriorOption = "diffusion",
    sampler: SamplerOption = None,
    feather: FeatherOption = None,
    model: ModelOption = "sticker",
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint a part of a picture anew; every other pixel stays exactly as it is.

    Prints the files the results are in, one a line, of the picture's own size.
    """
    target = Target.parse(output)
    target.check()
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        pictures = Sfumato(model).edit(
            picture,
            prompt,
            mask,
            mask_colour=mask_colour,
            n=number,
            seed=seed,
            steps=steps,
            guidance=guidance,
            system=system,
            prior=prior,
            sampler=sampler,
            feather=feather,
            progress=progress,
            cancelled=cancelled,
        )
    deliver(pictures, target, as_json=as_json, notes=notes_for_kept(target))
