"""Ctrl-C while drawing: the first asks the work to stop between two steps, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yields the question "was Ctrl-C pressed?"; while inside, the first press only changes its answer.

    Leaves the signal alone where it may not be set (another thread) or is ignored on purpose (nohup).
    """
    asked = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    ours = threading.current_thread() is threading.main_thread()
    previous = signal.getsignal(signal.SIGINT)
    if not ours or previous is signal.SIG_IGN:
        yield asked.is_set
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, previous)
