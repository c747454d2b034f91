"""`sfumato-train data build`: the pictures and words to learn from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Builds the data set to learn from.",
    no_args_is_help=True,
)


@data_app.callback()
def data() -> None:
    """Builds the data set to learn from."""


@data_app.command("build")
def build(
    out: Annotated[Path, typer.Option(help="Folder for the data set.")] = Path("data"),
    limit: Annotated[int | None, typer.Option(min=1, help="Only about so many pictures.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 2,
    sources: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    large: Annotated[bool, typer.Option(help="Draw some pictures at 1024x1024 too.")] = True,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for packages and drawn pictures, to be used again.")
    ] = None,
) -> None:
    """Fetches, draws and describes some 40,000 pictures; a run that was stopped goes on where it was."""
    from sfumato_train.data.build import BuildConfig, build, default_cache

    names = tuple(name.strip() for name in sources.split(",")) if sources else None
    config = BuildConfig(
        out=out, cache=cache or default_cache(), limit=limit, workers=workers, sources=names, large=large
    )
    with _bar() as progress:
        facts = build(config, progress=progress)
    typer.echo(f"{facts['kept']} pictures of {facts['concepts']} concepts in {out}, {facts['large']} also large.")
    for reason, count in facts["left_out"].items():
        typer.echo(f"  left out: {count} {reason}")


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage on a terminal; elsewhere nothing is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield move
