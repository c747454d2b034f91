"""`sfumato-train judge`: the detector that judges drawings, and what it says of two models."""

from pathlib import Path
from typing import Annotated

import typer

judge_app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@judge_app.callback()
def start() -> None:
    """The detector that judges drawings: train it with `sfumato-train run judge`."""


@judge_app.command("export")
def export(
    runs: Annotated[Path, typer.Argument(help="Folder with the runs; the newest checkpoint of `judge` is taken.")],
    out: Annotated[Path, typer.Option(help="Folder for the judge's weights and card.")],
    data: Annotated[Path, typer.Option(help="Folder made by `sfumato-train data build`.")] = Path("data"),
    prompts: Annotated[int, typer.Option(min=2, help="Prompts of each task that its error is measured on.")] = 80,
    seed: Annotated[int, typer.Option(min=0, help="Decides the prompts and their real pictures.")] = 0,
) -> None:
    """Writes a trained judge with its threshold and its measured error."""
    from sfumato_train.cli.bar import stage_bars
    from sfumato_train.data.store import PictureStore
    from sfumato_train.evals.judge_export import export_judge

    with stage_bars() as progress:
        card = export_judge(runs, out, PictureStore(data), prompts=prompts, seed=seed, progress=progress)
    for name, value in card.measured.items():
        typer.echo(f"{name} {value:.3f}")


@judge_app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(help="The composition.json of one model.")],
    second: Annotated[Path, typer.Argument(help="The composition.json of another, measured alike.")],
    seed: Annotated[int, typer.Option(min=0, help="Decides how prompts are drawn again.")] = 0,
) -> None:
    """Says how much better the first model obeys its prompts, task by task, with 95 % intervals."""
    from sfumato_train.evals.compare import compared, read_answers
    from sfumato_train.evals.markdown import table

    found = compared(read_answers(first), read_answers(second), seed=seed)
    rows = [
        [task, f"{100 * one.mean:+.1f}", f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"]
        for task, one in found.items()
    ]
    typer.echo(table(["task", "difference, points", "95 %"], rows), nl=False)
