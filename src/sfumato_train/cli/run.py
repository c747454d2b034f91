"""`sfumato-train run STAGE`: train one stage of a recipe."""

import math
from pathlib import Path
from typing import Annotated

import typer

run_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@run_app.command("run")
def run(
    stage: Annotated[str, typer.Argument(help="A stage of the recipe, such as clip or decoder.")],
    recipe: Annotated[str, typer.Option(help="The recipe that configures the stages.")] = "sticker",
    data: Annotated[Path, typer.Option(help="Made by `sfumato-train data build`, or shards.")] = Path("data"),
    runs: Annotated[Path, typer.Option(help="Folder with one sub-folder a stage.")] = Path("runs"),
    resume: Annotated[bool, typer.Option(help="Go on from the newest checkpoint.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="Train up to this step.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after this long.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Samples a step, over all processes.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of weights, samples and noise.")] = None,
    start_from: Annotated[Path | None, typer.Option(help="Checkpoint whose weights to begin with.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: drop_z=1.0, train.ema=0.999 …")
    ] = None,
) -> None:
    """Trains a stage; run it under torchrun for several processes."""
    from sfumato.cli.common import say
    from sfumato_train.cli.reporting import reporter
    from sfumato_train.runs import changed, prepare
    from sfumato_train.signals import Stopped

    train = {"steps": steps, "batch": batch, "seed": seed}
    settings = [f"train.{name}={value}" for name, value in train.items() if value is not None]
    configured = changed(recipe, stage, [*settings, *(set_ or [])])
    try:
        with (
            prepare(configured, stage, data=data, runs=runs, resume=resume, start_from=start_from) as trainer,
            reporter(stage, trainer) as report,
        ):
            trainer.run(minutes=math.inf if minutes is None else minutes, report=report)
    except Stopped as stopped:
        say(str(stopped))
        raise typer.Exit(stopped.code) from stopped
