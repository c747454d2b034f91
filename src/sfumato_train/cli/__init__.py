"""The command `sfumato-train`: families of commands, each a module beside this one, imported when used.

The module NAME.py offers `NAME_app`, a `typer.Typer`. If its one command is called NAME too,
`sfumato-train NAME` is that command; otherwise it is the group.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from sfumato.cli import common  # not its `run`: the family of that name becomes an attribute here
from sfumato.errors import InputError

if TYPE_CHECKING:
    Command = Any  # typer does not export the class


# In the order of the work.
FAMILIES = ("data", "recover", "plan", "precompute", "run", "export", "tune", "judge", "eval")


class Families(TyperGroup):
    """Mounts a family by its file when it is asked for, so that none loads or breaks the others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The families that this installation has."""
        here = {module.name for module in pkgutil.iter_modules(__path__)}
        return [name for name in FAMILIES if name in here]

    def get_command(self, ctx: Any, cmd_name: str) -> Command | None:
        """Imports the family; one whose dependencies are missing says so when it is used."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            module = import_module(f"{__name__}.{cmd_name}")
        except ModuleNotFoundError as error:
            return _unavailable(cmd_name, error)
        group = get_group(getattr(module, f"{cmd_name}_app"))
        group.name = cmd_name
        return group.commands[cmd_name] if list(group.commands) == [cmd_name] else group


app = typer.Typer(
    cls=Families,
    name="sfumato-train",
    help="Builds data sets, trains the networks, exports and measures models.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Builds data sets, trains the networks, exports and measures models."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0, 2 for what the user can mend, 130 after Ctrl-C."""
    return common.run(app, argv, name="sfumato-train")


def _unavailable(name: str, error: ModuleNotFoundError) -> Command:
    lone = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}

    @lone.command(name, context_settings=settings, help='Needs the extra "train".')
    def explain() -> None:
        raise InputError(
            f"sfumato-train {name} needs {error.name}; install the extra with pip install 'sfumato[train]'."
        )

    return get_command(lone)
