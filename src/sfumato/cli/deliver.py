"""Drawing to files: from a facade's arguments to saved pictures and what is said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sfumato.cli.common import print_json, say_notes
from sfumato.cli.interrupt import interruptible
from sfumato.cli.progress import progress_bar
from sfumato.cli.sheet import contact_sheet, sheet_record
from sfumato.cli.target import Target
from sfumato.requests.checks import TRANSPARENT
from sfumato.types import Picture

if TYPE_CHECKING:
    from sfumato.api import Sfumato

FLATTENED = "JPEG has no transparency, so the background is white; name a .png or .webp file to keep it."

INEXACT = (
    "JPEG changes every pixel a little and has no transparency; name a .png or .webp file to keep the rest of the "
    "picture exactly as it was."
)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A picture and the file it is in."""

    picture: Picture
    file: Path

    def to_json(self) -> dict[str, Any]:
        """The picture's entry in the object that --json prints."""
        return {
            "file": str(self.file),
            "seed": self.picture.seed,
            "similarity": self.picture.similarity,
            "seconds": dict(self.picture.seconds),
            "notes": list(self.picture.notes),
            "settings": self.picture.record,
        }


def background_for(target: Target, background: str) -> tuple[str, tuple[str, ...]]:
    """The background that the target's format can show, and a note when it is not the one asked for."""
    if target.opaque and background == TRANSPARENT:
        return "white", (FLATTENED,)
    return background, ()


def notes_for_kept(target: Target) -> tuple[str, ...]:
    """A note when the target's format cannot keep pixels as they are."""
    return (INEXACT,) if target.opaque else ()


def notes_for_flattened(pictures: Sequence[Picture], target: Target) -> tuple[str, ...]:
    """A note when the target's format loses the pictures' transparency."""
    return (FLATTENED,) if target.opaque and any(one.pixels.shape[2] == 4 for one in pictures) else ()


def draw_pictures(painter: Sfumato, prompt: str, **settings: Any) -> list[Picture]:
    """Draws with the bar on the terminal; Ctrl-C raises `Cancelled` between two steps."""
    with interruptible() as cancelled, progress_bar() as progress:
        return painter.draw(prompt, progress=progress, cancelled=cancelled, **settings)


def deliver(
    pictures: Sequence[Picture], target: Target, *, as_json: bool, notes: Sequence[str] = ()
) -> None:
    """Saves the pictures, with a contact sheet when there are several, and prints where they are.

    Raises `OutputError` when one cannot be written; those before it are whole and have been printed.
    """
    target.prepare()
    saved = [_save(picture, target, k, len(pictures), quiet=as_json) for k, picture in enumerate(pictures, 1)]
    sheet = _save_sheet(pictures, target) if len(pictures) > 1 else None
    if as_json:
        print_json({"pictures": [s.to_json() for s in saved], "sheet": str(sheet) if sheet else None})
    elif sheet:
        typer.echo(sheet)
    say_notes([*notes, *(note for picture in pictures for note in picture.notes)])


def _save(picture: Picture, target: Target, number: int, of: int, *, quiet: bool) -> Saved:
    path = target.path(picture.settings.title, picture.seed, number=number if of > 1 else None)
    picture.save(path)
    if not quiet:
        typer.echo(path)
    return Saved(picture=picture, file=path)


def _save_sheet(pictures: Sequence[Picture], target: Target) -> Path:
    import numpy as np

    from sfumato.picture import files

    first = pictures[0]
    path = target.sheet(first.settings.title, first.seed)
    return files.save(path, np.asarray(contact_sheet(pictures)), sheet_record(pictures))
