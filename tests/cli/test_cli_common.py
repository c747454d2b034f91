"""How a run ends: every way has its exit code and at most one sentence."""

from __future__ import annotations

import io
import json
import sys

import pytest
import typer

from sfumato import __version__
from sfumato.cli import main
from sfumato.cli.common import print_json, run, say_notes
from sfumato.errors import BundleError, Cancelled, InputError, OutputError
from support.painter import one_sentence


def app_that_raises(error: BaseException) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize("family", [InputError, BundleError, OutputError])
def test_a_user_error_is_its_sentence_and_code_2(
    family: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app_that_raises(family("The fox is missing; bring one.")), [], name="x") == 2
    assert capsys.readouterr() == ("", "The fox is missing; bring one.\n")


@pytest.mark.parametrize("error", [Cancelled("Stopped."), typer.Abort(), KeyboardInterrupt()])
def test_interrupted_is_130(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app_that_raises(error), [], name="x") == 130
    assert capsys.readouterr().err in {"Stopped.\n", ""}


def test_an_exit_keeps_its_code() -> None:
    assert run(app_that_raises(typer.Exit(5)), [], name="x") == 5


def test_a_bug_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(app_that_raises(ZeroDivisionError()), [], name="x")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["paint"], ("paint", "sfumato --help")),
        (["draw"], ("PROMPT", "sfumato draw --help")),
        (["draw", "a fox", "--colour", "red"], ("--colour", "sfumato draw --help")),
        (["draw", "a fox", "--size"], ("--size",)),
        (["draw", "a fox", "--size", "large"], ("--size",)),
        (["draw", "a fox", "--steps", "1.5"], ("--steps",)),
        (["draw", "a fox", "--guidance", "much"], ("--guidance",)),
        (["draw", "a fox", "-n", "four"], ("-n",)),
        (["draw", "a fox", "--seed", "x"], ("--seed",)),
        (["draw", "a fox", "a dog"], ("a dog",)),
        (["draw", "a fox", "-o", "fox.gif"], (".gif", ".png")),
        (["show"], ("FILE",)),
        (["redraw"], ("FILE",)),
    ],
)
def test_wrong_arguments_are_one_sentence_and_code_2(
    argv: list[str], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert one_sentence(err, *words), err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sfumato {__version__}\n"
    for argv in ([], ["--help"]):
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert all(word in out for word in ("draw", "show", "redraw"))
        assert err == ""
    assert main(["draw", "--help"]) == 0
    assert "--rerank" in capsys.readouterr().out


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"prompt": "赤い狐"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"prompt": "赤い狐"}


def test_notes_are_said_once_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    say_notes(["b.", "a.", "b."])
    assert capsys.readouterr().err == "Note: b.\nNote: a.\n"


def test_a_name_that_the_terminal_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    app.command()(lambda: typer.echo("狐.png"))
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    assert run(app, [], name="x") == 0
    sys.stdout.flush()
    assert raw.getvalue() == b"\\u72d0.png\n"
