"""Backgrounds drawn by code, with the words that describe them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..english import article
from .colour import hsv_to_rgb
from .landscapes import LANDSCAPES, Painting
from .sprite import Pixels


@dataclass(frozen=True, kw_only=True)
class Background:
    """An opaque picture [size,size,4] and its words, to stand after "a cat ": "on a pale blue background"."""

    pixels: Pixels
    words: str


# name: hue in degrees, saturation, value
PLAIN = {
    "white": (0, 0.0, 1.0), "black": (0, 0.0, 0.05), "gray": (0, 0.0, 0.6), "light gray": (0, 0.0,
    0.85), "red": (2, 0.82, 0.85), "orange": (28, 0.85, 0.97), "yellow": (52, 0.75, 0.98), "green":
    (125, 0.6, 0.7), "blue": (215, 0.75, 0.88), "purple": (275, 0.6, 0.7), "pink": (335, 0.4, 0.97),
    "turquoise": (176, 0.6, 0.82), "brown": (24, 0.6, 0.5), "beige": (38, 0.18, 0.95), "dark blue":
    (225, 0.75, 0.35), "dark green": (140, 0.65, 0.3), "pale blue": (205, 0.2, 0.97), "pale green":
    (120, 0.2, 0.94), "pale yellow": (54, 0.28, 0.99), "pale pink": (345, 0.14, 0.99), "lavender": (262,
    0.2, 0.95), "sky blue": (200, 0.5, 0.96), "navy": (228, 0.75, 0.28), "mint": (155, 0.27, 0.94),
}  # fmt: skip
_GRADIENTS = (
    ("pink", "purple"), ("yellow", "orange"), ("sky blue", "white"), ("blue", "purple"), ("orange", "red"),
    ("mint", "turquoise"), ("dark blue", "black"), ("lavender", "pale pink"), ("pale yellow", "pale green"),
    ("green", "turquoise"), ("red", "purple"), ("pale blue", "blue"),
)  # fmt: skip


def fill(size: int, rgb: tuple[int, int, int]) -> Pixels:
    """One colour."""
    picture = np.empty((size, size, 4), dtype=np.uint8)
    picture[...] = (*rgb, 255)
    return picture


def plain(size: int, rng: np.random.Generator) -> Background:
    """A named colour, varied a little."""
    name = list(PLAIN)[int(rng.integers(len(PLAIN)))]
    rgb = _named(name, rng)
    words = f"on {article(name)} {name} background"
    return Background(pixels=fill(size, rgb), words=words)


def gradient(size: int, rng: np.random.Generator) -> Background:
    """Two named colours flowing into one another, top to bottom or along a diagonal."""
    first, second = _GRADIENTS[int(rng.integers(len(_GRADIENTS)))]
    top, bottom = (np.array(_named(name, rng), dtype=np.float32) for name in (first, second))
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    along = np.broadcast_to(ramp[:, None], (size, size)) if rng.random() < 0.6 else (ramp[:, None] + ramp) / 2
    picture = fill(size, (0, 0, 0))
    picture[..., :3] = np.round(top + (bottom - top) * along[..., None]).astype(np.uint8)
    return Background(pixels=picture, words=f"on {article(first)} {first} and {second} gradient background")


def landscape(size: int, rng: np.random.Generator) -> Background:
    """One of the landscapes drawn by code."""
    paint, words = LANDSCAPES[int(rng.integers(len(LANDSCAPES)))]
    painting = Painting(size)
    paint(painting, rng)
    return Background(pixels=painting.pixels(), words=words[int(rng.integers(len(words)))])


def flat(size: int, rng: np.random.Generator) -> Background:
    """A plain colour mostly, a gradient sometimes."""
    return plain(size, rng) if rng.random() < 0.75 else gradient(size, rng)


def _named(name: str, rng: np.random.Generator) -> tuple[int, int, int]:
    hue, saturation, value = PLAIN[name]
    if name in {"white", "black"}:
        return hsv_to_rgb(0, 0, value)
    return hsv_to_rgb(
        (hue + rng.uniform(-4, 4)) % 360,
        min(1.0, saturation * rng.uniform(0.92, 1.08)),
        min(1.0, value * rng.uniform(0.96, 1.03)),
    )
