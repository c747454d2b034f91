"""What the commands share: how a run ends, options, and what is printed about saved pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sfumato.errors import Cancelled, SfumatoError

USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, what a shell expects

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE_OR_DIR",
        help="A .png, .jpg or .webp file (replaced if it exists), or a folder (created if missing). "
        "Without it: this folder, under a new name.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")]


def run(app: typer.Typer, argv: Sequence[str] | None, *, name: str) -> int:
    """Runs the app and turns every way it can end into an exit code and at most one sentence on stderr."""
    keep_printing()
    try:
        code = app(args=argv, prog_name=name, standalone_mode=False)
    except (Cancelled, typer.Abort):
        return end("Stopped.", INTERRUPTED)
    except SfumatoError as error:
        return end(str(error), USER_ERROR)
    except typer.TyperException as error:
        return end(_usage(error, name), USER_ERROR)
    return code if isinstance(code, int) else 0


def end(sentence: str, code: int) -> int:
    """Says why on stderr and hands the code on."""
    say(sentence)
    return code


def say(sentence: str) -> None:
    """One line for the person at the terminal, apart from the results on stdout."""
    typer.echo(sentence, err=True)


def keep_printing() -> None:
    """A file name that the terminal's encoding lacks is printed escaped; it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_json(value: Any) -> None:
    """One JSON document on stdout, in ASCII so that every terminal and pipe carries it."""
    typer.echo(json.dumps(value, indent=2))


def say_notes(notes: Iterable[str]) -> None:
    """Each note once, however many pictures carry it."""
    for note in dict.fromkeys(notes):
        say(f"Note: {note}")


def _usage(error: typer.TyperException, name: str) -> str:
    context = getattr(error, "ctx", None)
    command = name if context is None else context.command_path
    return f"{error.format_message().rstrip('.')} (see {command} --help)."
