"""Pictures that lead from one to another: saved one by one beside a strip of them all, or as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import typer

from sfumato.cli.common import print_json, say_notes
from sfumato.cli.deliver import Saved, notes_for_flattened
from sfumato.cli.sheet import contact_sheet, strip_record
from sfumato.cli.target import Target
from sfumato.errors import InputError
from sfumato.types import Picture

if TYPE_CHECKING:
    from sfumato.picture.convert import Pixels

StripOutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE_OR_DIR",
        help="A .png, .jpg or .webp file for the strip, with the single pictures beside it; a .gif file, or .webp with "
        "--animate, for an animation; or a folder. Without it: this folder, under a new name.",
        show_default=False,
    ),
]
AnimateOption = Annotated[
    bool, typer.Option("--animate", help="One animated WebP, there and back, in place of a strip and its pictures.")
]


@dataclass(frozen=True, kw_only=True)
class Reel:
    """Where the pictures go; animated: the format of the one file that shows them all, None for a strip."""

    target: Target
    animated: Literal["webp", "gif"] | None

    @classmethod
    def parse(cls, output: Path | None, *, animate: bool) -> Self:
        """Reads -o and --animate and checks the place. Raises `InputError` and `OutputError`."""
        target, suffix = _target(output), "" if output is None else output.suffix.lower()
        if animate and target.name is not None and suffix not in {".webp", ".gif"}:
            raise InputError(f"{output} cannot move; name a .webp or .gif file to animate.")
        target.check()
        if suffix == ".gif":
            return cls(target=target, animated="gif")
        return cls(target=target, animated="webp" if animate else None)

    def check_steps(self, steps: int) -> None:
        """Raises `InputError` where there is nothing to animate."""
        if self.animated is not None and steps < 2:
            raise InputError("One picture alone cannot be animated; ask for two steps or more.")


def _target(output: Path | None) -> Target:
    if output is None or output.suffix.lower() != ".gif":
        return Target.parse(output)
    if output.is_dir():
        raise InputError(f"{output} is a folder; name a file, or end the folder's name without .gif.")
    return Target(folder=output.parent, name=output.name)


def deliver_strip(pictures: Sequence[Picture], reel: Reel, *, as_json: bool) -> None:
    """Saves the pictures and their strip, or the animation alone, and prints where they are."""
    reel.target.prepare()
    saved: list[Saved] = []
    whole: Path | None
    if reel.animated is not None:
        whole = _save_animation(pictures, reel.target, reel.animated)
    else:
        saved = [_save(picture, reel.target, k, len(pictures)) for k, picture in enumerate(pictures, 1)]
        whole = _save_strip(pictures, reel.target) if len(pictures) > 1 else None
    if as_json:
        print_json(_told(pictures, saved, whole, animated=reel.animated is not None))
    else:
        for path in [*(one.file for one in saved), *([whole] if whole else [])]:
            typer.echo(path)
    say_notes([*notes_for_flattened(pictures, reel.target), *(note for picture in pictures for note in picture.notes)])


def _save(picture: Picture, target: Target, number: int, of: int) -> Saved:
    title, seed = picture.settings.title, picture.seed
    path = target.frame(title, seed, number) if of > 1 else target.path(title, seed)
    return Saved(picture=picture, file=picture.save(path))


def _save_strip(pictures: Sequence[Picture], target: Target) -> Path:
    import numpy as np

    from sfumato.picture import files

    pixels: Pixels = np.asarray(contact_sheet(pictures, columns=len(pictures)))
    path = target.whole(pictures[0].settings.title, pictures[0].seed)
    return files.save(path, pixels, strip_record(pictures))


def _save_animation(pictures: Sequence[Picture], target: Target, format: Literal["webp", "gif"]) -> Path:
    from sfumato.picture import files
    from sfumato.picture.animation import animation

    path = target.whole(pictures[0].settings.title, pictures[0].seed, suffix=f".{format}")
    data = animation([picture.pixels for picture in pictures], strip_record(pictures), format=format)
    return files.write(path, data)


def _told(
    pictures: Sequence[Picture], saved: Sequence[Saved], whole: Path | None, *, animated: bool
) -> dict[str, Any]:
    """The object that --json prints; pictures that are only in an animation have no file of their own."""
    unsaved = (Saved(picture=picture, file=Path()).to_json() for picture in pictures)
    alone = [one.to_json() for one in saved] or [{**one, "file": None} for one in unsaved]
    file = str(whole) if whole else None
    return {"pictures": alone, "strip": None if animated else file, "animation": file if animated else None}
