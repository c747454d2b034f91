"""Running the command in this process, with a painter in the facade's place where a test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sfumato.cli import main
from support.painter import Painter


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """stdout by lines."""
        return self.out.splitlines()


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> type[Painter]:
    """Replaces the facade for one test."""

    class Fresh(Painter):
        models: list[str] = []  # noqa: RUF012
        calls: list[dict[str, Any]] = []  # noqa: RUF012

    monkeypatch.setattr("sfumato.api.Sfumato", Fresh)
    return Fresh


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`run("draw", "a fox")` gives the exit code and what was printed."""

    def call(*argv: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in argv])
        out, err = capsys.readouterr()
        return Ran(code=code, out=out, err=err)

    return call
