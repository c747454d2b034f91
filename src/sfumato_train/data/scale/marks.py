"""Where windows of a lane begin: a cache that makes it quick to go on at sample j, and never decides which one j is.

How many samples of a shard are good is known only when they have been decoded. A mark says that so many good ones lie
before this place; without marks a lane is read again from its start.
"""

from __future__ import annotations

import bisect
import json
from dataclasses import asdict, dataclass
from pathlib import Path

LIMIT = 4096


@dataclass(frozen=True, kw_only=True, order=True)
class Mark:
    """The beginning of window `window`: `good` samples lie before it, and it is at byte `offset` of the lane's
    `shard`-th shard of `epoch`."""

    good: int = 0
    window: int = 0
    epoch: int = 0
    shard: int = 0
    offset: int = 0


Faults = list[tuple[str, str]]


class Marks:
    """Marks of one lane, kept in the file `path` (in memory alone if None): a line a window, faults named beside it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._marks = [Mark()]
        for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ():
            mark = _mark(line)
            if mark is not None:
                self._keep(mark)

    def before(self, good: int) -> Mark:
        """The last known mark with at most so many good samples before it."""
        return self._marks[bisect.bisect_right(self._marks, good, key=lambda mark: mark.good) - 1]

    def add(self, mark: Mark, faults: Faults) -> None:
        """Remember a mark and what was skipped in the window before it."""
        if mark <= self._marks[-1]:
            return
        self._keep(mark)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"mark": asdict(mark), "left_out": faults}) + "\n")

    def _keep(self, mark: Mark) -> None:
        if mark > self._marks[-1]:
            self._marks.append(mark)
        if len(self._marks) > LIMIT:  # a run of years must not fill the memory; the file has them all
            del self._marks[1:-1:2]


def _mark(line: str) -> Mark | None:
    """The mark of a line; None where a crash cut the line short."""
    try:
        return Mark(**json.loads(line)["mark"])
    except (ValueError, TypeError, KeyError):
        return None
