"""`sfumato-train precompute`: the frozen networks answer once for all samples of a stage."""

from pathlib import Path
from typing import Annotated

import typer

precompute_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@precompute_app.command("precompute")
def precompute(
    stage: Annotated[
        str, typer.Argument(help="The stage whose stream it is; those of the same stream can use the features too.")
    ] = "decoder",
    recipe: Annotated[str, typer.Option(help="The recipe that configures the stages.")] = "sticker",
    data: Annotated[Path, typer.Option(help="Made by `sfumato-train data build`, or shards.")] = Path("data"),
    runs: Annotated[Path, typer.Option(help="Folder with one sub-folder a stage.")] = Path("runs"),
    samples: Annotated[int, typer.Option(min=1, help="At least so many samples.")] = 200_000,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the samples, as of the run.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for them instead of features below the runs.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads that compute.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make pictures; 0 is a thread.")] = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting of the stage, as for `run`.")
    ] = None,
) -> None:
    """Keeps what the frozen networks say of a stage's samples; then train with --set precomputed=true.

    It can be stopped and started again, and run under torchrun for several processes.
    """
    import torch

    from sfumato.cli.common import say
    from sfumato_train.cli.bar import spoken, stage_bars
    from sfumato_train.context import Context
    from sfumato_train.distributed import world
    from sfumato_train.features.make import precompute, wanted
    from sfumato_train.runs import changed, precomputable
    from sfumato_train.signals import Halted

    if threads is not None:
        torch.set_num_threads(threads)
    settings = [f"train.seed={seed}"] if seed is not None else []
    configured = precomputable(changed(recipe, stage, [*settings, *(set_ or [])]), stage)
    context = Context(data=data, runs=runs)
    want = wanted(configured, context, out or runs / configured.features, samples=samples, workers=workers)
    tell = say if world()[0] == 0 else _nothing
    try:
        with stage_bars() as bar, spoken(tell) as line:

            def progress(done: int, total: int) -> None:
                if world()[0] == 0:
                    bar("precompute", done, total)
                    line("precompute", done, total)

            done = precompute(want, progress=progress, tell=tell)
    except Halted as halted:
        say(str(halted))
        raise typer.Exit(halted.code) from halted
    tell(f"{done.made} parts made, {done.kept} were there: {want.samples:,} samples in {want.folder}.")
    if done.replaced:
        tell(f"{done.replaced} samples could not be made; others took their place, as they do in training.")
    if not done.finished:
        tell("Other processes are still at work on the rest.")


def _nothing(_: str) -> None:
    """Ranks but the first are silent."""
