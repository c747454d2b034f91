"""`sfumato-train tune FOLDER`: a model that draws in the style of one's own pictures."""

from pathlib import Path
from typing import Annotated

import typer

from sfumato.errors import InputError

tune_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@tune_app.command("tune")
def tune(
    folder: Annotated[Path, typer.Argument(help="10 to 10,000 pictures; a .txt beside one holds its captions.")],
    name: Annotated[str, typer.Option(help="The new model's name, and the word that brings its style.")],
    model: Annotated[str, typer.Option(help="The model to begin with: a name, or a bundle's folder.")] = "sticker",
    minutes: Annotated[
        float | None, typer.Option(min=0, help="How long to train.  [default: 15, or as long as --steps take]")
    ] = None,
    method: Annotated[str, typer.Option(help="lora (low-rank changes) or full (all weights).")] = "lora",
    steps: Annotated[int | None, typer.Option(min=1, help="Train up to this step.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of samples and noise.")] = 0,
    rank: Annotated[int, typer.Option(min=1, max=256, help="Rank of the changes of lora.")] = 16,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Samples a step.")] = 16,
    rate: Annotated[float | None, typer.Option(min=0, help="Learning rate.  [default: the method's]")] = None,
    preserve: Annotated[
        int, typer.Option(min=0, max=10_000, help="Drawings of the model as it was to learn beside the pictures.")
    ] = 32,
    runs: Annotated[
        Path | None, typer.Option(help="Take the decoder from these training checkpoints, not from the model.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run of this name.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a model of this name.")] = False,
) -> None:
    """Trains the decoder of a model on a folder of pictures and installs it under a name."""
    if method not in ("lora", "full"):
        raise InputError(f"There is no method {method!r}; choose lora or full.")
    if rate == 0:
        raise InputError("A learning rate of 0 learns nothing; leave --rate out or give one above 0.")
    from sfumato.cli.common import say
    from sfumato_train.cli.bar import spoken, stage_bars
    from sfumato_train.signals import Stopped
    from sfumato_train.tune.run import TuneOptions
    from sfumato_train.tune.run import tune as run

    options = TuneOptions(
        name=name,
        model=model,
        method=method,  # type: ignore[arg-type]
        rank=rank,
        batch=batch,
        minutes=minutes,
        steps=steps,
        seed=seed,
        rate=rate,
        preserve=preserve,
        runs=runs,
        resume=resume,
        replace=replace,
    )
    try:
        with stage_bars() as move, spoken(say) as speak:

            def tick(stage: str, at: int, total: int) -> None:
                move(stage, at, total)
                speak(stage, at, total)

            done = run(folder, options, tick=tick, note=say)
    except Stopped as stopped:
        say(str(stopped))
        raise typer.Exit(stopped.code) from stopped
    if done.before is not None and done.after is not None:
        say(f"Loss on pictures that were held out: {done.before:.4f} before, {done.after:.4f} after.")
    say(f'Draw with: sfumato draw "a red apple, {done.style}" --model {name}')
    typer.echo(str(done.target))
