"""A line for every sample that a preparation left out: which, why, and what it repeats."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from .choose import Verdict
from .places import Shard
from .rows import facts_of, load, unpacked
from .rules import REASONS
from .sample import BROKEN_SHARD
from .tally import Tally


class LeftOut:
    """`tally` counts reasons, once `write` has run."""

    def __init__(self, shards: Sequence[Shard], measured: Sequence[Path], verdict: Verdict) -> None:
        self._shards, self._measured, self._verdict = shards, measured, verdict
        self._keys = lru_cache(256)(lambda shard: unpacked(load(measured[shard], "keys").arrays["keys"]))
        self.tally = Tally()

    def write(self, path: Path) -> None:
        """Lines {"sample": "shard/key", "reason": …, "repeats": "shard/key" or null}, written beside and renamed."""
        self.tally = Tally()
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with beside.open("w", encoding="utf-8") as file:
                for sample, reason, twin in self._lines():
                    self.tally.add(reason, sample)
                    line = {"sample": sample, "reason": reason, "repeats": twin}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        for rows in self._measured:
            for name in facts_of(rows)["names"].get(BROKEN_SHARD, ()):
                self.tally.add(BROKEN_SHARD, name)

    def _lines(self) -> Iterator[tuple[str, str, str | None]]:
        verdict = self._verdict
        for number in np.flatnonzero(verdict.faults).tolist():
            twin = int(verdict.twins[number])
            yield self._name(number), REASONS[verdict.faults[number]], self._name(twin) if twin >= 0 else None

    def _name(self, number: int) -> str:
        shard = int(np.searchsorted(self._verdict.starts, number, side="right")) - 1
        key = self._keys(shard)[number - int(self._verdict.starts[shard])]
        return f"{self._shards[shard].name}/{key}"
