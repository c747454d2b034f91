"""Ctrl-C: the first press asks, the second stops, and afterwards everything is as it was."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress

import pytest

from sfumato.cli.interrupt import interruptible


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_press_only_changes_the_answer() -> None:
    with interruptible() as cancelled:
        assert not cancelled()
        press()
        assert cancelled()


def test_the_second_press_stops_at_once() -> None:
    with interruptible() as cancelled:
        press()
        assert cancelled()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_the_signal_is_given_back_also_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with suppress(ZeroDivisionError), interruptible():
        assert signal.getsignal(signal.SIGINT) is not before
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible() as cancelled:
            press()
            assert not cancelled()
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_leaves_the_signal_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def inside() -> None:
        with interruptible() as cancelled:
            seen.extend([cancelled(), signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [False, before]
