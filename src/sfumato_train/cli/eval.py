"""`sfumato-train eval BUNDLE`: measure a model."""

from pathlib import Path
from typing import Annotated

import typer

eval_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@eval_app.command("eval")
def evaluate(
    bundle: Annotated[str, typer.Argument(help="A model's name or its folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the numbers and the sheets.")],
    data: Annotated[Path, typer.Option(help="Folder made by `sfumato-train data build`.")] = Path("data"),
    quick: Annotated[bool, typer.Option("--quick", help="Fewer pictures, wider error bars.")] = False,
    only: Annotated[str | None, typer.Option(help="Some of retrieval,reconstruction,drawing,neighbours.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides what is chosen and drawn.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores without it.")] = None,
    leaderboard: Annotated[
        Path | None, typer.Option(help="A Markdown file whose table gets the row of the label.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="What the row is called; one row a label.")] = None,
    commit: Annotated[str | None, typer.Option(help="The commit that the model was made with.")] = None,
) -> None:
    """Measures a model: retrieval, reconstruction, drawing, memorisation; writes numbers and sheets."""
    from sfumato.errors import InputError
    from sfumato_train.cli.bar import stage_bars
    from sfumato_train.evals.config import EvalConfig, quick_config
    from sfumato_train.evals.leaderboard import enter
    from sfumato_train.evals.measure import MEASUREMENTS
    from sfumato_train.evals.report import leaderboard_row
    from sfumato_train.evals.run import evaluate as measure

    if leaderboard is not None and not (label or "").strip():
        raise InputError("A row of the leaderboard needs a name; give --label.")
    config = quick_config(seed) if quick else EvalConfig(seed=seed)
    parts = [part.strip() for part in only.split(",")] if only is not None else list(MEASUREMENTS)
    command = _command(bundle, data, quick=quick, only=only, seed=seed)
    with stage_bars() as progress:
        report = measure(
            bundle, data, out, config=config, only=parts, command=command, threads=threads, progress=progress
        )
    if leaderboard is not None:
        row = leaderboard_row(report, label=label or "", commit=commit)
        enter(leaderboard, list(row), list(row.values()))
    typer.echo((out / "row.md").read_text(encoding="utf-8"), nl=False)


def _command(bundle: str, data: Path, *, quick: bool, only: str | None, seed: int) -> str:
    """What to type again; folders by their names alone, since where they lay is nobody's concern."""
    options = ["--quick"] * quick + ([f"--only {only}"] if only else [])
    return " ".join(["sfumato-train eval", Path(bundle).name, f"--data {data.name}", *options, f"--seed {seed}"])
