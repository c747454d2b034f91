"""The leaderboard: what was measured of every model as one JSON file a label, and a page of tables made of them.

The numbers live in `scores/` beside the page, so that the tables can change without measuring again.
"""

from __future__ import annotations

from pathlib import Path

from sfumato.errors import InputError, OutputError
from sfumato.picture.files import write

from .report import Report
from .standing import Standing, ordered, parts_of, read, slug, to_bytes
from .tables import page

BEGIN, END = "<!-- leaderboard: begin -->", "<!-- leaderboard: end -->"
FOLDER = "scores"
INTRODUCTION = """# Leaderboard

Written by `sfumato-train eval --leaderboard`; the numbers are in [scores](scores), what each means and how far it can
be trusted in [docs/evaluation.md](../docs/evaluation.md).

"""


def enter(path: Path, report: Report, *, label: str, commit: str) -> Path:
    """Puts what was measured into the label's file and writes the page's tables anew.

    Measurements of the label that were not made now stay, unless the commit is another one. Text outside the marks
    stays as it is. Raises InputError where the page has no marks, a file of scores cannot be read, or another label has
    the same letters, and OutputError where nothing can be written.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else f"{INTRODUCTION}{BEGIN}\n{END}\n"
    before, after = _around(path, text)
    folder = path.parent / FOLDER
    known = {one.label: one for one in read(folder)}
    taken = [one for one in known if slug(one) == slug(label) and one != label]
    if taken:
        raise InputError(f"The label {label!r} would overwrite the scores of {taken[0]!r}; choose another one.")
    old = known.get(label)
    kept = old.parts if old is not None and old.commit == commit else {}
    known[label] = Standing(label=label, model=report.title, commit=commit, parts={**kept, **parts_of(report)})
    _make(folder)
    write(folder / f"{slug(label)}.json", to_bytes(known[label]))
    return write(path, f"{before}{BEGIN}\n{page(ordered(known.values()))}{END}{after}".encode())


def _around(path: Path, text: str) -> tuple[str, str]:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path} has no table between {BEGIN} and {END}; add these two lines or name another file.")
    return before, after


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}); choose another leaderboard.") from error
