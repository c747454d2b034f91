"""`sfumato-train export CHECKPOINTS`: turn a recipe's checkpoints into a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from sfumato.errors import InputError

export_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@export_app.command("export")
def export(
    checkpoints: Annotated[Path, typer.Argument(help="Folder with one sub-folder a stage.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder.")],
    recipe: Annotated[str, typer.Option(help="The recipe the stages were trained with.")] = "sticker",
    version: Annotated[str, typer.Option(help="The model's version.")] = "0.1.0",
    weights: Annotated[str, typer.Option(help="int8 or f16.")] = "int8",
    with_weights: Annotated[bool, typer.Option(help="Add PyTorch weights for the torch engine.")] = False,
    threshold: Annotated[
        float | None, typer.Option(min=-1, max=1, help="The evaluation's zero_shot.threshold, for `sfumato classify`.")
    ] = None,
    average: Annotated[
        list[str] | None, typer.Option(help="Take another average that was kept: decoder=0.9995 …")
    ] = None,
    attribution: Annotated[Path | None, typer.Option(help="ATTRIBUTION.md of the data set.")] = None,
) -> None:
    """Writes OpenVINO graphs, manifest with hashes, tokenizer, card and attributions."""
    from rich.console import Console

    from sfumato_train.averages import wanted
    from sfumato_train.export import ExportOptions
    from sfumato_train.export import export as write
    from sfumato_train.recipes import recipe as recipe_of

    if weights not in ("int8", "f16"):
        raise InputError(f"Weights cannot be stored as {weights!r}; choose int8 or f16.")
    console = Console(stderr=True)
    options = ExportOptions(
        version=version,
        weights=weights,  # type: ignore[arg-type]
        with_weights=with_weights,
        threshold=threshold,
        averages=wanted(average or []),
    )
    with console.status("exporting") as status:
        write(
            recipe_of(recipe),
            checkpoints,
            out,
            options=options,
            attribution=attribution,
            progress=lambda name: status.update(f"exporting {name}"),
        )
    typer.echo(str(out))
