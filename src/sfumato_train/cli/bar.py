"""A bar for each stage of a long piece of work, on a terminal; elsewhere nothing is drawn, or a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

EVERY = 15.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def stage_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A callback (stage, done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield move


@contextmanager
def spoken(say: Callable[[str], None]) -> Iterator[Callable[[str, int, int], None]]:
    """The same callback for logs: a line at the end of a stage, and at most one in `EVERY` seconds before that."""
    import sys

    silent, last = sys.stderr.isatty(), [monotonic()]

    def speak(stage: str, done: int, total: int) -> None:
        if not silent and (done >= total or monotonic() - last[0] >= EVERY):
            last[0] = monotonic()
            say(f"{stage}: {done} of {total}")

    yield speak
