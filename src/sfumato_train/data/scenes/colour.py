"""Colour words made true: hue shifts of art that has one hue, and tints of silhouettes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..pixels import premultiply, unpremultiply
from .sprite import Pixels


@dataclass(frozen=True, kw_only=True)
class Colour:
    """A colour word: hue in degrees, saturation and value in 0..1 (HSV), as drawn."""

    name: str
    hue: float
    saturation: float
    value: float

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as three bytes."""
        return hsv_to_rgb(self.hue, self.saturation, self.value)


def hsv_to_rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    """HSV (degrees, 0..1, 0..1) to RGB bytes (Smith 1978)."""
    channels = []
    for n in (5.0, 3.0, 1.0):
        k = (n + hue / 60.0) % 6.0
        channels.append(round(255 * (value - value * saturation * max(0.0, min(k, 4.0 - k, 1.0)))))
    return channels[0], channels[1], channels[2]


HUES = (
    Colour(name="red", hue=0, saturation=0.85, value=0.88),
    Colour(name="orange", hue=28, saturation=0.9, value=0.97),
    Colour(name="yellow", hue=50, saturation=0.82, value=0.98),
    Colour(name="green", hue=120, saturation=0.7, value=0.68),
    Colour(name="turquoise", hue=176, saturation=0.7, value=0.8),
    Colour(name="blue", hue=216, saturation=0.8, value=0.9),
    Colour(name="purple", hue=275, saturation=0.68, value=0.75),
    Colour(name="pink", hue=332, saturation=0.48, value=0.98),
    Colour(name="brown", hue=22, saturation=0.66, value=0.5),
)
NEUTRALS = (
    Colour(name="black", hue=0, saturation=0, value=0.1),
    Colour(name="white", hue=0, saturation=0, value=0.98),
    Colour(name="gray", hue=0, saturation=0, value=0.55),
)
TINTS = (
    *HUES,
    *NEUTRALS,
    Colour(name="gold", hue=44, saturation=0.8, value=0.85),
    Colour(name="dark blue", hue=225, saturation=0.8, value=0.45),
    Colour(name="light blue", hue=203, saturation=0.4, value=0.96),
    Colour(name="dark green", hue=130, saturation=0.75, value=0.36),
    Colour(name="light green", hue=105, saturation=0.45, value=0.88),
    Colour(name="dark red", hue=355, saturation=0.85, value=0.5),
)
BY_NAME = {colour.name: colour for colour in TINTS}
_WORDS = re.compile(
    r"\b(?:red|orange|yellow|green|turquoise|cyan|teal|blue|purple|violet|pink|brown|black|white|gr[ae]y|gold|"
    r"golden|silver|crimson|scarlet|magenta|indigo|beige|colou?red|colou?rful|rainbow)\b"
)


def has_colour_word(name: str) -> bool:
    """Whether a name speaks of a colour."""
    return bool(_WORDS.search(name))


def without_colour(name: str) -> str:
    """The name without its leading colour words: "red apple" to "apple"; "" where nothing is left."""
    return " ".join(_WORDS.sub(" ", name).split())


def tint(picture: Pixels, colour: Colour) -> Pixels:
    """A silhouette in one colour: alpha stays, every visible pixel takes the colour."""
    out = np.empty_like(picture)
    alpha = picture[..., 3:].astype(np.uint16)
    out[..., :3] = (alpha * np.array(colour.rgb, dtype=np.uint16) + 127) // 255
    out[..., 3] = picture[..., 3]
    return out


def to_hsv(picture: Pixels) -> NDArray[np.uint8]:
    """Straight HSV bytes [H,W,3] of a premultiplied picture (hue 0..255 for 0..360 degrees)."""
    straight = unpremultiply(picture)
    return np.array(Image.fromarray(np.ascontiguousarray(straight[..., :3])).convert("HSV"))


def dominant_hue(picture: Pixels) -> tuple[float, float]:
    """The strongest hue in degrees, and the share in 0..1 of the visible area within 28 degrees of it.

    Pixels of little saturation or value (greys, outlines, highlights) count as area without hue.
    """
    hsv = to_hsv(picture)
    visible = picture[..., 3] > 128
    coloured = visible & (hsv[..., 1] > 75) & (hsv[..., 2] > 60)
    if not coloured.any():
        return 0.0, 0.0
    hues = hsv[..., 0][coloured].astype(np.float64) * (360 / 256)
    counts = np.bincount((hues / 10).astype(np.int64), minlength=36)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    centre = (int(smooth.argmax()) + 0.5) * 10
    near = np.abs(hue_distance(hues, centre)) <= 28
    mean = centre + float(hue_distance(hues[near], centre).mean())
    return mean % 360, float(near.sum() / visible.sum())


def hue_distance(hue: NDArray[np.float64], reference: float) -> NDArray[np.float64]:
    """Signed difference in degrees, in [-180, 180)."""
    distance: NDArray[np.float64] = (hue - reference + 180) % 360 - 180
    return distance


def recolour(picture: Pixels, hue: float, colour: Colour) -> Pixels:
    """Move everything near `hue` (degrees) to `colour`, keeping shading and all other hues.

    Hue differences shrink by half, so that a shaded object stays within its colour word; saturation and value
    are scaled until their means over the moved area are the colour's.
    """
    hsv = to_hsv(picture).astype(np.float64)
    distance = hue_distance(hsv[..., 0] * (360 / 256), hue)
    move = (np.abs(distance) <= 45) & (hsv[..., 1] > 40) & (hsv[..., 2] > 30) & (picture[..., 3] > 0)
    if not move.any():
        return picture
    hsv[..., 0][move] = ((colour.hue + np.clip(distance[move] * 0.5, -12, 12)) % 360) * (256 / 360)
    for channel, wanted in ((1, colour.saturation), (2, colour.value)):
        mean = hsv[..., channel][move].mean()
        hsv[..., channel][move] = np.clip(hsv[..., channel][move] * (255 * wanted / mean), 0, 255)
    size = (picture.shape[1], picture.shape[0])
    turned = Image.frombytes("HSV", size, (np.round(hsv) % 256).astype(np.uint8).tobytes())
    rgb = np.array(turned.convert("RGB"))
    straight = np.concatenate([rgb, picture[..., 3:]], axis=-1)
    result = premultiply(straight)
    keep = ~move
    result[keep] = picture[keep]
    return result
