"""Lines for logs: the end of every stage, and now and then on the way."""

from __future__ import annotations

import pytest

from sfumato_train.cli import bar
from sfumato_train.cli.bar import spoken


def test_every_stage_s_end_is_said_and_little_else(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(bar, "monotonic", lambda: now)
    said: list[str] = []
    with spoken(said.append) as speak:
        for step in range(1, 101):
            now = float(step)
            speak("training", step, 100)
        speak("installing", 1, 1)
    assert said == [*(f"training: {k} of 100" for k in (15, 30, 45, 60, 75, 90, 100)), "installing: 1 of 1"]


def test_a_terminal_has_its_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    said: list[str] = []
    with spoken(said.append) as speak:
        speak("training", 1, 1)
    assert said == []
