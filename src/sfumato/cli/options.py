"""Options that several commands take alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PictureArgument = Annotated[Path, typer.Argument(metavar="PICTURE", help="Any PNG, JPEG or WebP file.")]
NumberOption = Annotated[int, typer.Option("-n", "--number", help="How many pictures, 1 to 100.")]
SeedOption = Annotated[
    int | None, typer.Option(help="Picture k gets seed + k; without it a random one.", show_default=False)
]
StepsOption = Annotated[
    int | None, typer.Option(help="Steps of the decoder; without it the model's own.", show_default=False)
]
GuidanceOption = Annotated[
    float | None,
    typer.Option(
        help="How strictly to follow the prompt, 1 is off; without it the model's own.", show_default=False
    ),
]
SystemOption = Annotated[
    str, typer.Option(help="unclip draws through an image embedding, glide from the text alone.")
]
PriorOption = Annotated[
    str, typer.Option(help="What makes the image embedding of the words: diffusion, or ar (autoregressive).")
]
SamplerOption = Annotated[
    str | None, typer.Option(help="The decoder's sampler; without it the model's own.", show_default=False)
]
FeatherOption = Annotated[
    int | None,
    typer.Option(
        help="Pixels over which what is painted is fitted to what is around it; without it in proportion to the "
        "part of the picture that is worked on.",
        show_default=False,
    ),
]
ModelOption = Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")]
SizeOption = Annotated[int, typer.Option(help="The longer side in pixels: 256, 512 or 1024.")]
DecoderStepsOption = Annotated[
    int | None,
    typer.Option("--decoder-steps", help="Steps of the decoder; without it the model's own.", show_default=False),
]
BackdropOption = Annotated[
    str | None,
    typer.Option(
        "--background",
        help="transparent, a colour's name such as white, or #rrggbb; without it transparent, but for pictures without "
        "any transparency the mean colour along their edges.",
        show_default=False,
    ),
]
KeptGuidanceOption = Annotated[
    float | None,
    typer.Option(
        "--guidance",
        help="How strictly to follow the embedding, 1 is off; without it 1 where the noise is the pictures' own, and "
        "the model's where it is the seed's.",
        show_default=False,
    ),
]
