"""A step on one shard, as a message that any process can be handed: nothing in it but names, numbers and rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .clean import clean
from .embed import embed
from .measure import measure
from .places import Shard
from .rows import Rows, is_whole
from .rules import Rules


@dataclass(frozen=True, kw_only=True)
class Task:
    """`rows`: where the step's rows belong. `kept`: bits of the samples that are left, `samples` of them in the shard.
    `tar`, `embeddings`, `embedded`: the files of `clean`."""

    step: str
    shard: Shard
    rules: Rules
    rows: Path
    kept: bytes = b""
    samples: int = 0
    threads: int = 1
    tar: Path = Path()
    embeddings: Path = Path()
    embedded: Path | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """bool [samples]."""
        return np.unpackbits(np.frombuffer(self.kept, np.uint8), count=self.samples).astype(bool)


def run(task: Task) -> None:
    """Do the step unless its rows are there, whole."""
    if not is_whole(task.rows):
        _STEPS[task.step](task).save(task.rows)


def _measure(task: Task) -> Rows:
    return measure(task.shard, task.rules)


def _embed(task: Task) -> Rows:
    return embed(task.shard, task.mask, task.rules, threads=task.threads)


def _write(task: Task) -> Rows:
    return clean(task.shard, task.mask, task.tar, task.embeddings, task.embedded)


_STEPS: dict[str, Callable[[Task], Rows]] = {"measure": _measure, "embed": _embed, "write": _write}
