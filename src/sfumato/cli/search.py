"""sfumato search: the pictures of a folder that are most like words or like a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sfumato.cli.common import JsonOption, print_json, say, say_notes
from sfumato.cli.interrupt import interruptible
from sfumato.cli.progress import progress_bar
from sfumato.cli.show import printable
from sfumato.cli.target import FOREIGN, SUFFIXES, Target
from sfumato.errors import InputError

if TYPE_CHECKING:
    from sfumato.types import Broken, Found

NAMED = 5  # broken files that are named; --json has them all


def search(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="A folder; its sub-folders are searched too.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for: words, or a picture's file.")],
    *,
    number: Annotated[int, typer.Option("-n", "--number", help="How many pictures, 1 to 1000.")] = 12,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also show them, best first, in this .png, .jpg or .webp file.", show_default=False
        ),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read every picture again, changed or not.")] = False,
    model: Annotated[str, typer.Option(help="An installed model's name, or a model's folder.")] = "sticker",
    as_json: JsonOption = False,
) -> None:
    """Find the pictures of a folder that are most like words, or like a picture.

    Prints the likeness (a cosine, 1 at most) and the file, the best first. What was learnt of the pictures is kept in
    the folder in one hidden file, so that the next search takes no time.
    """
    target = sheet_target(sheet)
    sought = read_query(query)
    # Our own threads fill the cores already. Those of numpy's OpenBLAS would wait for one another: ten times the
    # processor's time, and most of the wall's. It is read when numpy is first imported, which is below.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from sfumato.api import Sfumato

    with interruptible() as cancelled, progress_bar() as progress:
        painter = Sfumato(model)
        found = painter.search(
            directory, sought, n=number, refresh=refresh, progress=progress, cancelled=cancelled
        )
    shown = None if target is None else save_sheet(target, found, query)
    if as_json:
        print_json({"directory": str(directory), "query": query, **to_json(found), "sheet": shown and str(shown)})
    else:
        for match in found.matches:
            typer.echo(f"{match.similarity:6.3f}  {printable(str(match.path))}")
        if shown:
            typer.echo(shown)
    say_broken(found.broken)
    say_notes(found.notes)


def sheet_target(sheet: Path | None) -> Target | None:
    """Where the sheet goes. `InputError` for what is no picture's name, `OutputError` for an unwritable place."""
    if sheet is None:
        return None
    target = Target.parse(sheet)
    if target.name is None:
        raise InputError(f"The sheet {sheet} has no format; name a .png, .jpg or .webp file.")
    target.check()
    return target


def read_query(query: str) -> str | Path:
    """A picture where a file of that name is there or a picture's suffix says so, words otherwise."""
    path = Path(query)
    return path if path.suffix.lower() in (*SUFFIXES, *FOREIGN) or _is_file(path) else query


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a sentence too long for a name, or with characters that none can have
        return False


def save_sheet(target: Target, found: Found, query: str) -> Path:
    """Writes the sheet of what was found and gives its place. `OutputError` where it cannot be written."""
    import numpy as np

    from sfumato.cli.found import found_sheet
    from sfumato.picture import files

    target.prepare()
    image = found_sheet(found.matches)
    return files.save(target.folder / str(target.name), np.asarray(image), {"operation": "search", "query": query})


def to_json(found: Found) -> dict[str, Any]:
    """What --json prints of a search."""
    return {
        "matches": [{"file": str(match.path), "similarity": match.similarity} for match in found.matches],
        "pictures": found.pictures,
        "embedded": found.embedded,
        "broken": [{"file": str(one.path), "reason": one.reason} for one in found.broken],
        "notes": list(found.notes),
    }


def say_broken(broken: Sequence[Broken]) -> None:
    """How many could not be read, and the names of the first few."""
    if not broken:
        return
    names = ", ".join(printable(str(one.path)) for one in broken[:NAMED])
    more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    what = "1 picture" if len(broken) == 1 else f"{len(broken)} pictures"
    say(f"Note: {what} could not be read: {names}{more}.")
