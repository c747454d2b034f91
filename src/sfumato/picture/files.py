"""Writing files so that a reader sees the whole of one or nothing of it."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.errors import InputError, OutputError
from sfumato.picture.convert import Pixels
from sfumato.picture.metadata import Format, embed

SUFFIXES: Mapping[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def format_of(path: Path | str) -> Format:
    """The format that a path's suffix asks for; InputError naming the known suffixes otherwise."""
    found = SUFFIXES.get(Path(path).suffix.lower())
    if found is None:
        raise InputError(f"{path} does not say what kind of file it is; end it in {', '.join(SUFFIXES)}.")
    return found


def write(path: Path | str, data: bytes) -> Path:
    """Write `data` at `path` in one move: into a file beside it, flushed to the disk, then renamed.

    What stood there stays until the new file is whole. Raises OutputError (no such folder, no permission, a
    full disk) and leaves nothing behind.
    """
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _flush(part, data)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        why = error.strerror or str(error)
        raise OutputError(f"{path} could not be written ({why}); choose another place or make room.") from error
    return path


def _flush(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def save(path: Path | str, pixels: Pixels, record: Mapping[str, Any], *, quality: int | None = None) -> Path:
    """Write uint8 [H, W, 3 or 4] with its record, in the format of the path's suffix (see `embed`)."""
    return write(path, embed(pixels, record, format=format_of(path), quality=quality))
