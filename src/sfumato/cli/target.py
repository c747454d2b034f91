"""Where pictures go: what -o means, file names, and the check that they can be written before any work."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Self

from sfumato.errors import InputError, OutputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
JPEG = (".jpg", ".jpeg")
# What looks like a picture's name but is none that can be written: a folder of that name would surprise.
FOREIGN = (".avif", ".bmp", ".eps", ".gif", ".heic", ".ico", ".jp2", ".pdf", ".svg", ".tga", ".tif", ".tiff")
SLUG_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class Target:
    """A folder, and the file's name when -o gave one (then an existing file is replaced)."""

    folder: Path
    name: str | None = None

    @classmethod
    def parse(cls, output: Path | None) -> Self:
        """Reads -o; `InputError` for a format that cannot be written, or a file name that is a folder."""
        if output is None:
            return cls(folder=Path())
        suffix = output.suffix.lower()
        if suffix in FOREIGN:
            raise InputError(
                f"Pictures cannot be written as {suffix} ({output}); name a .png, .jpg or .webp file."
            )
        if suffix not in SUFFIXES:
            return cls(folder=output)
        if output.is_dir():
            raise InputError(f"{output} is a folder; name a file, or end the folder's name without {suffix}.")
        return cls(folder=output.parent, name=output.name)

    @property
    def opaque(self) -> bool:
        """True when the format has no transparency."""
        return self.name is not None and Path(self.name).suffix.lower() in JPEG

    def check(self) -> None:
        """Raises `OutputError` when no file can be made there; makes nothing itself."""
        folder = self.folder.absolute()
        try:
            with tempfile.TemporaryFile(dir=next(p for p in (folder, *folder.parents) if p.exists())):
                pass
        except OSError as error:
            raise OutputError(_unwritable(self.folder, error)) from error

    def prepare(self) -> None:
        """Makes the folder. Raises `OutputError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(_unwritable(self.folder, error)) from error

    def path(self, prompt: str, seed: int, *, number: int | None = None) -> Path:
        """The file for one picture; `number` is its place when there are several."""
        if self.name is None:
            return self._free(f"{slug(prompt)}-{seed}")
        return self.folder / (self.name if number is None else self._extended(str(number)))

    def sheet(self, prompt: str, seed: int) -> Path:
        """The file for the contact sheet of several pictures, the first of which has this seed."""
        if self.name is None:
            return self._free(f"{slug(prompt)}-{seed}-sheet")
        return self.folder / self._extended("sheet")

    def frame(self, title: str, seed: int, number: int) -> Path:
        """The file for one picture of a strip, all of which have one seed."""
        if self.name is None:
            return self._free(f"{slug(title)}-{seed}-{number}")
        return self.folder / self._extended(str(number))

    def whole(self, title: str, seed: int, *, suffix: str = ".png") -> Path:
        """The file for the strip or the animation itself, which the name is for."""
        if self.name is None:
            return self._free(f"{slug(title)}-{seed}-strip", suffix)
        return self.folder / self.name

    def _extended(self, ending: str) -> str:
        named = Path(self.name or "")
        return f"{named.stem}-{ending}{named.suffix}"

    def _free(self, stem: str, suffix: str = ".png") -> Path:
        stems: Iterator[str] = chain([stem], (f"{stem}-{k}" for k in count(2)))
        paths = (self.folder / f"{name}{suffix}" for name in stems)
        return next(path for path in paths if not path.exists())


def slug(prompt: str) -> str:
    """A short file name from a prompt: letters and digits of any script in lower case, accents dropped."""
    letters = unicodedata.normalize("NFKD", re.sub("['’]", "", prompt.casefold()))
    folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", folded))
    name = words[0][:SLUG_LENGTH] if words else "picture"
    for word in words[1:]:
        if len(name) + 1 + len(word) > SLUG_LENGTH:
            break
        name += f"-{word}"
    return name


def _unwritable(folder: Path, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"Nothing can be written to {folder.absolute()} ({reason}); choose another place with --output."
