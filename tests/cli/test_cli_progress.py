"""The bar: words for the stage, nothing off a terminal."""

from __future__ import annotations

import io

import pytest

from sfumato.cli.progress import describe, progress_bar
from sfumato.types import Progress


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def progress(*, step: int = 1, pictures: int = 1) -> Progress:
    return Progress(stage="upsampler_256", step=step, steps=2, picture=1, pictures=pictures)


def test_one_picture_is_described_by_its_stage() -> None:
    assert describe(progress()) == "upsampler 256"


def test_of_several_pictures_it_says_which() -> None:
    assert describe(progress(pictures=4)) == "picture 1 of 4 · upsampler 256"


def test_off_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as move:
        assert move is None
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_bar_names_the_stage_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as move:
        assert move is not None
        move(progress(pictures=4))
        move(progress(step=2, pictures=4))
    written = terminal.getvalue()
    assert "picture 1 of 4 · upsampler 256" in written
    assert written.endswith("\x1b[1A\x1b[2K")  # up into the bar's line, and the line erased
