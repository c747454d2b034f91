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
    only: Annotated[
        str | None,
        typer.Option(
            help="Some of retrieval,zero_shot,reconstruction,drawing,neighbours,composition,realism,diversity,speed,"
            "priors,sweep."
        ),
    ] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Compare all ways of drawing, too.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Decides what is chosen and drawn.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores without it.")] = None,
    judge: Annotated[Path | None, typer.Option(help="A judge's folder; the shipped one without it.")] = None,
    leaderboard: Annotated[
        Path | None, typer.Option(help="A Markdown file whose tables get the rows of the label.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="What the rows are called; one model a label.")] = None,
    commit: Annotated[str | None, typer.Option(help="The commit that the model was made with.")] = None,
    note: Annotated[str, typer.Option(help="What a reader should know, such as that the machine was busy.")] = "",
) -> None:
    """Measures a model: what it understands, draws, mixes up and remembers; writes numbers and sheets."""
    from sfumato.errors import InputError
    from sfumato_train.cli.bar import stage_bars
    from sfumato_train.evals.config import EvalConfig, quick_config
    from sfumato_train.evals.judge import SHIPPED
    from sfumato_train.evals.leaderboard import enter
    from sfumato_train.evals.measure import USUAL
    from sfumato_train.evals.run import evaluate as measure

    if leaderboard is not None and not (label or "").strip():
        raise InputError("A row of the leaderboard needs a name; give --label.")
    config = quick_config(seed) if quick else EvalConfig(seed=seed)
    parts = [part.strip() for part in only.split(",")] if only is not None else list(USUAL)
    parts += ["sweep"] if sweep and "sweep" not in parts else []
    command = _command(bundle, data, quick=quick, only=only, sweep=sweep, seed=seed)
    with stage_bars() as progress:
        report = measure(
            bundle,
            data,
            out,
            config=config,
            only=parts,
            judge=SHIPPED if judge is None else judge,
            command=command,
            note=note,
            threads=threads,
            progress=progress,
        )
    if leaderboard is not None:
        enter(leaderboard, report, label=label or "", commit=commit or "–")
    typer.echo((out / "row.md").read_text(encoding="utf-8"), nl=False)


def _command(bundle: str, data: Path, *, quick: bool, only: str | None, sweep: bool, seed: int) -> str:
    """What to type again; folders by their names alone, since where they lay is nobody's concern."""
    options = ["--quick"] * quick + ([f"--only {only}"] if only else []) + ["--sweep"] * sweep
    return " ".join(["sfumato-train eval", Path(bundle).name, f"--data {data.name}", *options, f"--seed {seed}"])
