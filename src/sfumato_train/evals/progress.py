"""Telling the caller how far a measurement is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (what is done, how many are done, of how many)."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""
