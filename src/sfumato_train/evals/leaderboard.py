"""A table of measured models in a Markdown file, one row a label, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sfumato.errors import InputError
from sfumato.picture.files import write

BEGIN, END = "<!-- leaderboard: begin -->", "<!-- leaderboard: end -->"
INTRODUCTION = """# Leaderboard

Measured with `sfumato-train eval`; a row names the commit, the command, the data and the machine.
The judge is each model's own CLIP, which flatters its own generator: compare rows with care, and look at
the pictures. Recall is top-1 / top-5.

"""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; cells are made safe for it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def enter(path: Path, columns: Sequence[str], row: Sequence[str]) -> Path:
    """Puts the row, whose first cell is its label, in the place of the label's old row or on top.

    Makes the file where there is none; text outside the marked table stays as it is. A table of other columns
    is read by the names of its columns. Raises InputError where the file has no marked table.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else f"{INTRODUCTION}{BEGIN}\n{END}\n"
    before, old, after = _parts(path, text)
    rows = [_arranged(columns, one) for one in _read(old)]
    label = _cell(row[0])
    places = [place for place, one in enumerate(rows) if one[0] == label]
    rows = [one for one in rows if one[0] != label]
    rows.insert(places[0] if places else 0, [_cell(cell) for cell in row])
    return write(path, f"{before}{BEGIN}\n{_joined(columns, rows)}{END}{after}".encode())


def _parts(path: Path, text: str) -> tuple[str, str, str]:
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path} has no table between {BEGIN} and {END}; add these two lines or name another file.")
    return before, old, after


def _read(old: str) -> list[dict[str, str]]:
    """The rows as column → cell."""
    lines = [_split(line) for line in old.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], line, strict=False)) for line in lines[2:]]


def _split(line: str) -> list[str]:
    marked = line.strip().strip("|").replace("\\|", "\0")
    return [cell.strip().replace("\0", "\\|") for cell in marked.split("|")]


def _arranged(columns: Sequence[str], row: dict[str, str]) -> list[str]:
    return [row.get(column, "–") for column in columns]


def _joined(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\|", "|").replace("|", "\\|")
