"""The user's pictures and what is said of them: a folder becomes examples, and a list of what could not be read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sfumato.errors import InputError
from sfumato.picture.convert import Floats, Pixels
from sfumato.picture.files import SUFFIXES
from sfumato.picture.fit import SIDE, place, resized
from sfumato.picture.read import read_picture

LEAST, MOST = 10, 10_000
MAX_CAPTIONS = 4
MAX_CAPTION_BYTES = 100_000
_NO_FLIP = re.compile(
    r"\b(left|right|east|west|text|letters?|words?|numbers?|digits?|flags?|logo|clock|sign|writing)\b", re.IGNORECASE
)
_COUNTER = re.compile(r"^(img|dsc|dscn|image|picture|photo|screenshot|untitled|copy)?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture that can be read: its file, the hash of its pixels, and captions (none where nobody wrote any)."""

    path: Path
    sha256: str
    captions: tuple[str, ...]

    @property
    def flips(self) -> bool:
        """Whether its mirror image is as good: not where a caption or the name speaks of sides or writing."""
        return not any(_NO_FLIP.search(text) for text in (*self.captions, name_words(self.path)))


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a folder holds; broken: a sentence for each picture that cannot be used."""

    examples: tuple[Example, ...]
    broken: tuple[str, ...] = ()


def gather(folder: Path) -> Gathered:
    """The pictures of a folder and its sub-folders by name, each once.

    Raises `InputError` for what is no folder, for fewer than `LEAST` or more than `MOST` pictures, and for a caption
    file that is no text.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; name one with {LEAST} to {MOST:,} pictures.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if len(paths) > MOST:
        raise InputError(f"{folder} holds {len(paths):,} pictures; choose at most {MOST:,} of them.")
    found: dict[str, Example] = {}
    broken = []
    for path in paths:
        try:
            digest = read_picture(path).sha256
        except InputError as error:
            broken.append(str(error))
        else:
            found.setdefault(digest, Example(path=path, sha256=digest, captions=captions_beside(path)))
    if len(found) < LEAST:
        raise InputError(_too_few(folder, len(found), broken))
    return Gathered(examples=tuple(found.values()), broken=tuple(broken))


def _too_few(folder: Path, count: int, broken: list[str]) -> str:
    seen = f"{count} different pictures that can be read" if count else "no picture that can be read"
    lost = f", and {len(broken)} that cannot ({broken[0].rstrip('.')})" if broken else ""
    return f"{folder} holds {seen}{lost}; put at least {LEAST} PNG, JPEG or WebP files into it."


def captions_beside(path: Path) -> tuple[str, ...]:
    """The lines of the .txt file beside a picture that say something, at most `MAX_CAPTIONS`; none without a file.

    Raises `InputError` for a file that is not UTF-8 text.
    """
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        return ()
    try:
        with beside.open("rb") as file:
            text = file.read(MAX_CAPTION_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The caption {beside} is no UTF-8 text; save it as UTF-8 or remove it.") from None
    except OSError as error:
        raise InputError(f"The caption {beside} cannot be read ({error.strerror}); check its rights.") from None
    lines = [" ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in text.splitlines()]
    return tuple(dict.fromkeys(line[:500] for line in lines if line))[:MAX_CAPTIONS]


def name_words(path: Path) -> str:
    """What a file's name says: "red_apple-2.png" is "red apple"; nothing where a camera or program gave it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.,+()\[\]]+|\d+", " ", path.stem).split()
    told = [word for word in words if len(word) > 1 and word.isalpha() and not _COUNTER.match(word)]
    readable = [word for word in told if re.search(r"[aeiouyäöü]", word, re.IGNORECASE)]
    return " ".join(readable).lower()


def view(pixels: Pixels, rng: np.random.Generator | None, *, flips: bool) -> Floats:
    """uint8 [H, W, 4] → [1, 4, 64, 64], premultiplied in [-1, 1]: as `square` makes it, or (with a generator) moved,
    scaled and perhaps mirrored a little.

    What has no transparency is only enlarged, so that no border is learnt that is not the picture's.
    """
    if rng is None:
        return _placed(pixels, 1.0, 0.0, 0.0)
    opaque = bool((pixels[..., 3] == 255).all())
    scale = rng.uniform(1.0, 1.12) if opaque else rng.uniform(0.88, 1.04)
    reach = (scale - 1) / 2 * SIDE if opaque else 2.5
    x, y = rng.uniform(-reach, reach, 2)
    mirrored = pixels[:, ::-1] if flips and rng.random() < 0.5 else pixels
    return _placed(np.ascontiguousarray(mirrored), scale, x, y)


def _placed(pixels: Pixels, scale: float, x: float, y: float) -> Floats:
    box = place(pixels.shape[0], pixels.shape[1])
    height, width = max(1, round(box.height * scale)), max(1, round(box.width * scale))
    made = resized(pixels, height, width)
    (rows, from_rows), (columns, from_columns) = _overlap(height, y), _overlap(width, x)
    out = np.full((1, 4, SIDE, SIDE), -1.0, np.float32)
    out[:, :, rows, columns] = made[:, :, from_rows, from_columns]
    return out


def _overlap(length: int, shift: float) -> tuple[slice, slice]:
    """Where a line of `length` lies in the square's, and which part of it.

    Shifted from the middle, but so that it stays inside where it is shorter and leaves nothing bare where it is longer.
    """
    spare = SIDE - length
    start = min(max(math.floor(spare / 2 + shift), min(0, spare)), max(0, spare))
    where = slice(max(0, start), min(SIDE, start + length))
    return where, slice(where.start - start, where.stop - start)
