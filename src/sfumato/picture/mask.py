"""Masks: what they say in files, and True = repaint inside the program. The one place where that is converted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError
from sfumato.picture.convert import Pixels
from sfumato.picture.read import Source

Mask = NDArray[np.bool_]
"""bool [H, W], True where the picture is repainted."""

COLOURS = ("alpha", "white", "black")
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


def marked(pixels: Pixels, colour: str = "alpha") -> Mask:
    """What a mask [H, W, 4] marks: its fully transparent pixels, or the white or black ones.

    White is a luminance of at least half, black is less; what is transparent is neither.
    """
    if colour == "alpha":
        out: Mask = pixels[..., 3] == 0
        return out
    light = pixels[..., :3].astype(np.float32) @ _LUMINANCE / 255
    alpha = pixels[..., 3].astype(np.float32) / 255
    white: Mask = light * alpha >= 0.5
    dark: Mask = 1 - (1 - light) * alpha < 0.5
    return white if colour == "white" else dark


def repaint_mask(picture: Source, mask: Source | None = None, colour: str = "alpha") -> Mask:
    """Where `picture` is to be repainted: where the mask says so, without one where the picture is transparent.

    Raises InputError when mask and picture differ in size, and when all or nothing is marked.
    """
    if colour not in COLOURS:
        raise InputError(f"The mask colour {colour!r} is unknown; choose {', '.join(COLOURS[:-1])} or {COLOURS[-1]}.")
    if mask is None and colour != "alpha":
        raise InputError(f"Without a mask there is no {colour} to look for; give a mask or leave the mask colour out.")
    if mask is not None and mask.pixels.shape != picture.pixels.shape:
        raise InputError(
            f"The mask has {mask.width}×{mask.height} pixels and the picture {picture.width}×{picture.height}; "
            "give a mask of the picture's size."
        )
    out = marked((mask or picture).pixels, colour)
    if not out.any():
        raise InputError(_nothing(mask, colour))
    if out.all():
        named = "The picture is wholly transparent" if mask is None else "The mask covers the whole picture"
        raise InputError(f"{named}, so nothing of it would be kept; use draw to make a new one.")
    return out


def _nothing(mask: Source | None, colour: str) -> str:
    if mask is None:
        return "The picture has no fully transparent pixels to repaint; give a mask."
    kind = "fully transparent" if colour == "alpha" else colour
    other = "; or name another mask colour" if colour != "alpha" else ", or name the mask colour white or black"
    return f"The mask marks nothing: it has no {kind} pixels; mark what shall be repainted{other}."
