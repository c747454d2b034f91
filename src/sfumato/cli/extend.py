"""sfumato extend: a picture goes on beyond its borders."""

from __future__ import annotations

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

NOTHING = "0"


def extend(
    picture: PictureArgument,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What the whole picture is to show then.")],
    *,
    left: Annotated[str, typer.Option(help="How much to add on the left: pixels, or a share such as 50%.")] = NOTHING,
    right: Annotated[str, typer.Option(help="The same on the right.")] = NOTHING,
    top: Annotated[str, typer.Option(help="The same above.")] = NOTHING,
    bottom: Annotated[str, typer.Option(help="The same below.")] = NOTHING,
    number: NumberOption = 1,
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
    """Continue a picture beyond its borders; what was there stays exactly as it is.

    Prints the files the results are in, one a line. They have at most 4096 pixels a side.
    """
    target = Target.parse(output)
    target.check()
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        pictures = Sfumato(model).extend(
            picture,
            prompt,
            left=left,
            right=right,
            top=top,
            bottom=bottom,
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
