"""The numbers of a run, as lines of JSON and for TensorBoard; only rank 0 has them."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from sfumato_train.samples import Replaced

STATS = "stats.jsonl"
REPLACED = "replaced.jsonl"


class Stats:
    """Appends to `stats.jsonl` and to TensorBoard's events in a folder."""

    def __init__(self, folder: Path, step: int) -> None:
        """What was written after `step`, from where the run goes on, is not part of it: the run is about to redo it."""
        self.folder = folder
        _forget_after(folder / STATS, step)
        self._events: Any = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, line: dict[str, float], numbers: dict[str, float]) -> None:
        """One line; `line` (with "step") comes first and is not drawn as a curve."""
        with (self.folder / STATS).open("a") as file:
            file.write(json.dumps(line | {name: round(number, 6) for name, number in numbers.items()}) + "\n")
        for name, number in numbers.items():
            self._events.add_scalar(name, number, line["step"])

    def close(self) -> None:
        """Finish TensorBoard's file."""
        self._events.close()


def name_replaced(folder: Path, replaced: tuple[Replaced, ...]) -> None:
    """Add samples that could not be made to `replaced.jsonl`, each with what took its place and why."""
    if replaced:
        lines = [json.dumps({"sample": one.sample, "by": one.by, "reason": one.reason}) for one in replaced]
        with (folder / REPLACED).open("a") as file:
            file.write("".join(line + "\n" for line in lines))


def _forget_after(path: Path, step: int) -> None:
    with suppress(FileNotFoundError):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if _step(line) <= step]
        if kept != lines:
            beside = path.with_suffix(".partial")
            beside.write_text("".join(kept), encoding="utf-8")
            beside.replace(path)


def _step(line: str) -> float:
    """The step of a line; a torn one, of a killed run, belongs to none."""
    try:
        return int(json.loads(line)["step"]) if line.endswith("\n") else float("inf")
    except (ValueError, KeyError, TypeError):
        return float("inf")
