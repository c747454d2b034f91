"""Writes the parts of docs/cli.md and docs/scale.md that repeat the program, so that the pages cannot drift from it.

Between `<!-- options: NAME -->` or `<!-- plan: STAGE -->` and `<!-- end -->` stands what this script writes; everything
else is prose. Run it with `make docs`; a test fails when a page is not up to date. docs/scale.md needs the extra
"train": where it is not installed that page is left as it is.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from typer.main import get_group

from sfumato.cli import app

PAGE = Path(__file__).with_name("cli.md")
SCALE = Path(__file__).with_name("scale.md")
PLAN = re.compile(r"(<!-- plan: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
DEVICES = (1, 8, 64, 256, 512, 1024)
CAPTION = 77
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


def fill_plans(page: str) -> str:
    """docs/scale.md with every table worked out anew; `KeyError` when a block names no stage."""
    from sfumato_train.recipes import recipe  # noqa: PLC0415 - needs torch
    from sfumato_train.scale.plan import A100  # noqa: PLC0415
    from sfumato_train.scale.report import costs_table, plans_table  # noqa: PLC0415

    paper = recipe("paper")

    def made(name: str) -> str:
        if name == "costs":
            return costs_table(paper, caption=CAPTION)
        return plans_table(paper, name, DEVICES, A100, caption=CAPTION)

    return PLAN.sub(lambda m: f"{m[1]}\n{made(m['name'])}\n\n{m[3]}", page)


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
    if find_spec("torch") is not None:
        SCALE.write_text(fill_plans(SCALE.read_text(encoding="utf-8")), encoding="utf-8")
