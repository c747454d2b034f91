"""Writes the parts of docs/cli.md that repeat the program, so that the page cannot drift from it.

Between `<!-- options: NAME -->` and `<!-- end -->` stands what this script writes; everything else is prose.
Run it with `make docs`; a test fails when the page is not up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from typer.main import get_group

from sfumato.cli import app

PAGE = Path(__file__).with_name("cli.md")
BLOCK = re.compile(r"(<!-- options: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def commands() -> dict[str, Any]:
    """The program's commands by name."""
    return dict(get_group(app).commands)


def table(command: Any) -> str:
    """What a command takes, as a Markdown table."""
    rows = [f"| {_names(p)} | {p.help} | {_default(p)} |" for p in command.params if getattr(p, "help", None)]
    return "\n".join(["| | what it says | default |", "| --- | --- | --- |", *rows])


def fill(page: str) -> str:
    """The page with every block written anew; `KeyError` when a block names no command."""
    known = commands()
    return BLOCK.sub(lambda m: f"{m[1]}{table(known[m['name']])}\n{m[3]}", page)


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar}`"
    return ", ".join(f"`{name}`" for name in sorted(param.opts, key=len))


def _default(param: Any) -> str:
    if param.param_type_name == "argument" or param.default in {None, False}:
        return ""
    return f"`{param.default}`"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
