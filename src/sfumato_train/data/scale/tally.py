"""Counts what was left out, by reason, and remembers the names of the first few."""

from __future__ import annotations

import threading
from collections.abc import Mapping

NAMED = 5


class Tally:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.names: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def add(self, reason: str, name: str) -> None:
        """One more."""
        self.merge({reason: 1}, {reason: [name]})

    def merge(self, counts: Mapping[str, int], names: Mapping[str, list[str]]) -> None:
        """What another tally counted."""
        with self._lock:
            for reason, count in counts.items():
                self.counts[reason] = self.counts.get(reason, 0) + count
            for reason, some in names.items():
                mine = self.names.setdefault(reason, [])
                mine += some[: NAMED - len(mine)]

    def lines(self) -> list[str]:
        """A sentence for each reason, the most frequent first."""
        ordered = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return [f"{count} {reason} ({_some(self.names[reason], count)})" for reason, count in ordered]


def _some(names: list[str], count: int) -> str:
    return ", ".join(names) + (", …" if count > len(names) else "")
