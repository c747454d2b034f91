"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are made safe for it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def ranked(values: Sequence[float | None], *, up: bool) -> list[str]:
    """For each value its marks: ** around the best, _ around the worst; none where fewer than two differ."""
    known = [value for value in values if value is not None]
    if len(set(known)) < 2:
        return [""] * len(values)
    best, worst = (max(known), min(known)) if up else (min(known), max(known))
    return ["**" if value == best else "_" if value == worst else "" for value in values]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\|", "|").replace("|", "\\|")
