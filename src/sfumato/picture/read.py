"""Pictures from outside: a path, bytes, a Pillow image or an array become one thing, a `Source`.

Whatever cannot be used is one `InputError`. A file is judged by its bytes and never by its name; its size is known
before a pixel is decoded; nothing is written.
"""

from __future__ import annotations

import hashlib
import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import InputError
from sfumato.picture import metadata
from sfumato.picture.colour import MAX_PROFILE, to_rgba
from sfumato.picture.convert import Pixels
from sfumato.picture.headers import Header, Unreadable, inspect

MAX_PIXELS = 4096 * 4096
MAX_BYTES = 100 * 2**20
"""Of a file; 4096² pixels of pure noise need 68 MB as a PNG."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A picture that was read.

    pixels: uint8 [H, W, 4], straight alpha, sRGB, not writable. name: the file's name, or what the picture is for.
    sha256: hex, of the pixels and their shape, so that the same picture in another container is the same source.
    record: what our own metadata in the file says, or None.
    """

    pixels: Pixels
    name: str
    sha256: str
    record: dict[str, Any] | None = None

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])


Readable = str | Path | bytes | Image.Image | NDArray[Any] | Source


def read_picture(source: Readable, *, what: str = "picture") -> Source:
    """The picture in a PNG, JPEG or WebP file (a path, or the file's bytes), a Pillow image or a uint8 array.

    Arrays are [H, W], [H, W, 1], [H, W, 3] or [H, W, 4] with straight alpha. Of an animation the first frame; turned
    upright by EXIF, converted to sRGB. what: the word for it in messages ("picture", "mask").
    Raises InputError, one sentence, for whatever cannot be used: no file, a folder, another format, damage, more than
    4096×4096 pixels or 100 MB.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, str | Path):
        return _from_file(_contents(source, what), f"The {what} {source}", Path(source).name)
    if isinstance(source, bytes):
        return _from_file(source, f"The {what}", what)
    if isinstance(source, Image.Image):
        return _from_image(source, f"The {what}", what)
    if isinstance(source, np.ndarray):
        return _source(_from_array(source, what), what)
    raise InputError(f"The {what} cannot be a {type(source).__name__}; give a path, bytes, a Pillow image or an array.")


def _source(pixels: Pixels, name: str, record: dict[str, Any] | None = None) -> Source:
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.sha256("×".join(map(str, pixels.shape)).encode())
    digest.update(pixels.data)
    pixels.flags.writeable = False
    return Source(pixels=pixels, name=name, sha256=digest.hexdigest(), record=record)


def _contents(path: str | Path, what: str) -> bytes:
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"The {what} {path} is a folder; name a PNG, JPEG or WebP file in it.")
        if not stat.S_ISREG(mode):
            raise InputError(f"The {what} {path} is no ordinary file; name a PNG, JPEG or WebP file.")
        with path.open("rb") as file:
            return _bounded(file)
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"There is no {what} {path}; check the path.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"The {what} {path} cannot be opened ({reason.lower()}); check the path.") from None


def _bounded(file: BinaryIO) -> bytes:
    """One byte more than is allowed at the most, so that `_from_file` sees that it is too much."""
    return file.read(MAX_BYTES + 1)


def _from_file(data: bytes, named: str, name: str) -> Source:
    try:
        if len(data) > MAX_BYTES:
            raise Unreadable(f"is larger than {MAX_BYTES // 2**20} MB; make it smaller")
        header = inspect(data)
        _check_size(header.width, header.height)
        pixels = _decode(data, header)
    except Unreadable as error:
        reason = str(error)
        advice = "" if ";" in reason else "; give a whole PNG, JPEG or WebP file"
        raise InputError(f"{named} {reason}{advice}.") from None
    return _source(pixels, name, _record(data))


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise Unreadable("has no pixels")
    if width * height > MAX_PIXELS:
        raise Unreadable(f"has {width}×{height} pixels; make it smaller, at most 4096×4096 in all")


def _decode(data: bytes, header: Header) -> Pixels:
    try:
        with warnings.catch_warnings():
            # Pillow warns of damaged notes in a file; its pixels are still good.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[header.format]) as image:
                _check_size(*image.size)
                if len(image.info.get("icc_profile") or b"") > MAX_PROFILE:
                    raise Unreadable("carries a colour profile of more than 4 MB; save it without")
                image.load()
                return to_rgba(image)
    except Unreadable:
        raise
    except Exception as error:  # damaged files make decoders raise nearly anything
        raise Unreadable(_damage(error)) from None


def _damage(error: Exception) -> str:
    if "text" in str(error).lower() or "decompressed data too large" in str(error).lower():
        return "carries more text or colour data than a picture needs; save it without"
    return "is damaged or breaks off"


def _record(data: bytes) -> dict[str, Any] | None:
    try:
        return metadata.read(data)
    except InputError:
        return None  # a damaged record; the picture itself is good


def _from_image(image: Image.Image, named: str, name: str) -> Source:
    try:
        _check_size(*image.size)
        return _source(to_rgba(image), name)
    except Unreadable as error:
        raise InputError(f"{named} {error}.") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"{named} cannot be decoded ({error}); give it as RGB or RGBA.") from None


def _from_array(array: NDArray[Any], what: str) -> Pixels:
    fits = array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {1, 3, 4}))
    if not fits or 0 in array.shape or array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise InputError(
            f"The {what} must be uint8 [H, W], [H, W, 3] or [H, W, 4] of at most 4096×4096 pixels, "
            f"not {array.dtype} {list(array.shape)}."
        )
    colours = array if array.ndim == 3 else array[:, :, None]
    rgb = np.broadcast_to(colours[:, :, :3], (*array.shape[:2], 3))
    alpha = colours[:, :, 3:] if colours.shape[2] == 4 else np.full((*array.shape[:2], 1), 255, np.uint8)
    return np.concatenate([rgb, alpha], axis=2)
