"""How a run shows itself: a bar on a terminal, a line a report elsewhere; only rank 0 speaks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from sfumato_train.loop import Report, Trainer


@contextmanager
def reporter(stage: str, trainer: "Trainer") -> Iterator[Callable[["Report"], None] | None]:
    """A callback for `Trainer.run`, or None where this process should be silent."""
    if trainer.rank:
        yield None
        return
    console = Console(stderr=True)
    for note in trainer.notes:
        console.print(note)
    if not console.is_terminal:
        yield lambda report: console.print(f"{stage} {_line(report)}", highlight=False, soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[line]}"), console=console) as bar:
        task = bar.add_task(stage, total=trainer.config.steps, completed=trainer.step, line="")
        yield lambda report: bar.update(task, completed=report.step, line=_line(report))


def _line(report: "Report") -> str:
    numbers = "  ".join(f"{name} {value:.4g}" for name, value in report.values.items())
    return f"{report.step}/{report.steps}  {report.seconds:.0f} s  {numbers}"
