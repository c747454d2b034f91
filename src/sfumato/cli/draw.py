"""sfumato draw: a description becomes pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from sfumato.cli.common import JsonOption, OutputOption
from sfumato.cli.deliver import background_for, deliver, draw_pictures
from sfumato.cli.target import Target


def draw(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to draw, in a few words.")],
    *,
    number: Annotated[int, typer.Option("-n", "--number", help="How many pictures, 1 to 100.")] = 1,
    seed: Annotated[
        int | None,
        typer.Option(help="Picture k gets seed + k; without it a random one.", show_default=False),
    ] = None,
    size: Annotated[int, typer.Option(help="Width and height in pixels: 256, 512 or 1024.")] = 1024,
    steps: Annotated[
        int | None, typer.Option(help="Steps of the decoder; without it the model's own.", show_default=False)
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            help="How strictly to follow the prompt, 1 is off; without it the model's own.",
            show_default=False,
        ),
    ] = None,
    background: Annotated[
        str, typer.Option(help="transparent, a colour's name such as white, or #rrggbb.")
    ] = "transparent",
    system: Annotated[
        str, typer.Option(help="unclip draws through an image embedding, glide from the text alone.")
    ] = "unclip",
    prior: Annotated[
        str, typer.Option(help="What makes the embedding of unclip: diffusion, or ar, number by number.")
    ] = "diffusion",
    sampler: Annotated[
        str | None,
        typer.Option(help="The decoder's sampler; without it the model's own.", show_default=False),
    ] = None,
    rerank: Annotated[
        int | None,
        typer.Option(help="Draw this many small candidates and finish the best.", show_default=False),
    ] = None,
    model: Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")] = "sticker",
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw pictures of a description.

    Prints the files they are in, one a line, named after the description and the seed. Several pictures get a
    contact sheet too.
    """
    target = Target.parse(output)
    target.check()
    from sfumato.api import Sfumato

    shown, notes = background_for(target, background)
    pictures = draw_pictures(
        Sfumato(model),
        prompt,
        n=number,
        seed=seed,
        size=size,
        steps=steps,
        guidance=guidance,
        background=shown,
        system=system,
        prior=prior,
        sampler=sampler,
        rerank=rerank,
        similarity=as_json,
    )
    deliver(pictures, target, as_json=as_json, notes=notes)
