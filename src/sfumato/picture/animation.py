"""Pictures one after the other in one file: animated WebP, and GIF."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from PIL import Image

from sfumato.errors import InputError
from sfumato.picture.convert import Pixels, to_image
from sfumato.picture.metadata import animation_options

AnimationFormat = Literal["webp", "gif"]
FORMATS: tuple[AnimationFormat, ...] = get_args(AnimationFormat)

END_MS, BETWEEN_MS = 800, 120
"""How long the first and the last picture stand, and each of the others."""

CLEAR = 255  # in a GIF's palette
Frame = TypeVar("Frame")


def there_and_back(frames: Sequence[Frame]) -> list[Frame]:
    """First to last and back again, neither twice, so that it can go round for ever."""
    return [*frames, *frames[-2:0:-1]]


def durations(count: int) -> list[int]:
    """Milliseconds for each picture of `there_and_back` of `count` frames: the ends stand longer."""
    way = [END_MS if index in {0, count - 1} else BETWEEN_MS for index in range(count)]
    return there_and_back(way)


def animation(frames: Sequence[Pixels], record: Mapping[str, Any], *, format: AnimationFormat) -> bytes:
    """A file that shows uint8 [H, W, 3 or 4], all of one shape, there and back for ever, with the record in it.

    WebP is lossless. GIF has 255 colours a frame and knows no half transparency: what is less than half opaque is
    clear, the rest opaque. Raises InputError for another format and for fewer than two frames.
    """
    if format not in FORMATS:
        raise InputError(f"Animations are written as {' or '.join(FORMATS)}, not as {format!r}.")
    if len(frames) < 2:
        raise InputError("One picture alone cannot be animated; ask for two steps or more.")
    convert = _paletted if format == "gif" else to_image
    first, *others = [convert(frame) for frame in there_and_back(frames)]
    extra: dict[str, Any] = {"disposal": 2, "optimize": False} if format == "gif" else {"lossless": True, "exact": True}
    if format == "gif" and frames[0].shape[2] == 4:
        extra["transparency"] = CLEAR
    file = io.BytesIO()
    first.save(
        file,
        format,
        save_all=True,
        append_images=others,
        duration=durations(len(frames)),
        loop=0,
        **extra,
        **animation_options(record, format=format),
    )
    return file.getvalue()


def _paletted(pixels: Pixels) -> Image.Image:
    """255 colours chosen for what is opaque, and `CLEAR` where it is not."""
    rgb = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    if pixels.shape[2] == 3:
        return rgb.quantize(CLEAR, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    clear = pixels[..., 3] < 128
    seen = pixels[..., :3].copy()
    seen[clear] = seen[~clear][0] if not clear.all() else 0  # colours that nobody sees take no place in the palette
    paletted = Image.fromarray(seen).quantize(CLEAR, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = paletted.getpalette() or []
    indices = np.where(clear, CLEAR, np.asarray(paletted)).astype(np.uint8)
    out = Image.fromarray(indices)
    out.putpalette(colours + [0] * (768 - len(colours)))
    return out
