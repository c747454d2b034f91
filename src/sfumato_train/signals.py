"""SIGTERM and Ctrl-C ask a run to save and stop; a second one stops it at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sfumato.errors import Cancelled

ASKED: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT)


class Halted(Cancelled):
    """A signal ended some work, of which `what` was done; `code` is the exit code a shell expects, 128 + the signal."""

    def __init__(self, number: int, what: str) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        super().__init__(f"Stopped by {name} after {what}")
        self.number = number

    @property
    def code(self) -> int:
        """Exit code."""
        return 128 + self.number


class Stopped(Halted):
    """A signal stopped the run, which was saved first."""

    def __init__(self, number: int, step: int) -> None:
        super().__init__(number, f"step {step}, which is saved; go on with --resume.")


class Asked:
    """The signal that was received, 0 as long as there was none."""

    number: int = 0

    def flags(self) -> list[bool]:
        """Which of ASKED it was."""
        return [self.number == number for number in ASKED]


@contextmanager
def watched() -> Iterator[Asked]:
    """While the context lasts the first of these signals is only noted. Outside the main thread none is."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.getsignal(number) for number in ASKED}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        asked.number = number
        put_back()

    for number in ASKED:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        put_back()
