"""The command `sfumato`. Importing it loads neither numpy nor an engine: commands import what they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from sfumato import __version__
from sfumato.cli.blend import blend
from sfumato.cli.classify import classify
from sfumato.cli.common import run
from sfumato.cli.describe import describe
from sfumato.cli.draw import draw
from sfumato.cli.edit import edit
from sfumato.cli.extend import extend
from sfumato.cli.redraw import redraw
from sfumato.cli.search import search
from sfumato.cli.shift import shift
from sfumato.cli.show import show
from sfumato.cli.suggest import suggest
from sfumato.cli.vary import vary

app = typer.Typer(
    name="sfumato",
    help="Turns a description into a picture, on this computer and offline.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(draw)
app.command()(edit)
app.command()(extend)
app.command()(vary)
app.command()(blend)
app.command()(shift)
app.command()(show)
app.command()(redraw)
app.command()(describe)
app.command()(suggest)
app.command()(classify)
app.command()(search)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Turns a description into a picture, on this computer and offline."""
    if version:
        typer.echo(f"sfumato {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0, 2 for what the user can mend, 130 after Ctrl-C."""
    return run(app, argv, name="sfumato")
