"""The bar. On a terminal it names the stage and the picture; anywhere else nothing is drawn at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sfumato.types import Progress, ProgressCallback


@contextmanager
def progress_bar() -> Iterator[ProgressCallback | None]:
    """Yields the callback that moves the bar, None when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading the model", total=None)

        def move(progress: Progress) -> None:
            bar.update(task, description=describe(progress), total=progress.steps, completed=progress.step)

        yield move


def describe(progress: Progress) -> str:
    """The words before the bar: the stage in plain words, and which picture when there are several."""
    stage = progress.stage.replace("_", " ")
    return stage if progress.pictures == 1 else f"picture {progress.picture} of {progress.pictures} · {stage}"
