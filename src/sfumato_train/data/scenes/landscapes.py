"""Simple landscapes drawn by code: hills, sea, beach, desert, snow, night sky, space, room, city, underwater.

Each paints an opaque picture from random numbers. Edges are anti-aliased: coverage is the signed distance in
pixels, clipped to 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .colour import hsv_to_rgb
from .sprite import Pixels

Field = NDArray[np.float32]
Rgb = tuple[int, int, int]


class Painting:
    """An opaque picture painted back to front. Coordinates in 0..1, y downwards."""

    def __init__(self, size: int) -> None:
        self.size = size
        ramp = (np.arange(size) + 0.5) / size
        self.x: Field = ramp[None, :].astype(np.float32)
        self.y: Field = ramp[:, None].astype(np.float32)
        self.rgb: Field = np.zeros((size, size, 3), dtype=np.float32)

    def sky(self, top: Rgb, bottom: Rgb, horizon: float = 1.0) -> None:
        """A vertical gradient from the top edge to the horizon."""
        share = np.minimum(self.y / horizon, 1.0)[..., None]
        self.rgb[...] = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share

    def cover(self, coverage: Field, colour: Rgb) -> None:
        """Paint a colour where `coverage` (in pixels, clipped to 0..1) says so."""
        share = np.clip(coverage, 0, 1)[..., None]
        self.rgb += (np.array(colour, np.float32) - self.rgb) * share

    def below(self, line: Field | float, colour: Rgb) -> None:
        """Everything below a line y = line(x)."""
        depth: Field = ((self.y - line) * self.size + 0.5).astype(np.float32)
        self.cover(np.broadcast_to(depth, (self.size, self.size)), colour)

    def disc(self, cx: float, cy: float, radius: float, colour: Rgb) -> None:
        """A filled circle."""
        distance = np.sqrt((self.x - cx) ** 2 + (self.y - cy) ** 2)
        self.cover(((radius - distance) * self.size + 0.5).astype(np.float32), colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Rgb) -> None:
        """A filled rectangle."""
        across = np.clip(np.minimum(self.x - x0, x1 - self.x) * self.size + 0.5, 0, 1)
        down = np.clip(np.minimum(self.y - y0, y1 - self.y) * self.size + 0.5, 0, 1)
        self.cover((across * down).astype(np.float32), colour)

    def pixels(self) -> Pixels:
        """The painting as uint8 [size,size,4]."""
        picture = np.full((self.size, self.size, 4), 255, dtype=np.uint8)
        picture[..., :3] = np.clip(self.rgb + 0.5, 0, 255)
        return picture


def shade(rng: np.random.Generator, hue: float, saturation: float, value: float) -> Rgb:
    """A colour near the given one."""
    return hsv_to_rgb(
        (hue + rng.uniform(-6, 6)) % 360,
        saturation * rng.uniform(0.9, 1.0),
        min(1.0, value * rng.uniform(0.94, 1.04)),
    )


def wave(painting: Painting, rng: np.random.Generator, level: float, height: float, count: float) -> Field:
    """A gentle line of hills: two sines."""
    a, b = rng.uniform(0, 2 * np.pi, size=2)
    turns = 2 * np.pi * count * painting.x
    line: Field = level - height * (0.7 * np.sin(turns + a) + 0.3 * np.sin(1.9 * turns + b)).astype(np.float32)
    return line


def hills(painting: Painting, rng: np.random.Generator) -> None:
    """Blue sky and two rows of green hills, with a sun sometimes."""
    painting.sky(shade(rng, 205, 0.5, 0.95), shade(rng, 200, 0.15, 0.99), 0.7)
    if rng.random() < 0.5:
        painting.disc(rng.uniform(0.12, 0.88), 0.16, 0.08, shade(rng, 48, 0.6, 1.0))
    painting.below(wave(painting, rng, 0.62, 0.07, 1.0), shade(rng, 110, 0.42, 0.75))
    painting.below(wave(painting, rng, 0.76, 0.05, 0.7), shade(rng, 112, 0.55, 0.6))


def sea(painting: Painting, rng: np.random.Generator) -> None:
    """Sky over a blue sea with bands of waves."""
    painting.sky(shade(rng, 205, 0.4, 0.97), shade(rng, 195, 0.12, 1.0), 0.55)
    level = rng.uniform(0.5, 0.6)
    painting.below(level, shade(rng, 210, 0.7, 0.8))
    painting.below(wave(painting, rng, level + 0.17, 0.012, 3.0), shade(rng, 212, 0.75, 0.72))
    painting.below(wave(painting, rng, level + 0.32, 0.015, 2.5), shade(rng, 214, 0.8, 0.62))


def beach(painting: Painting, rng: np.random.Generator) -> None:
    """Sky, sea, and sand in front."""
    sea(painting, rng)
    painting.below(wave(painting, rng, 0.78, 0.02, 0.8), shade(rng, 42, 0.32, 0.96))


def desert(painting: Painting, rng: np.random.Generator) -> None:
    """Dunes under a warm sky."""
    painting.sky(shade(rng, 32, 0.35, 0.98), shade(rng, 44, 0.2, 1.0), 0.6)
    painting.disc(rng.uniform(0.15, 0.85), 0.2, 0.09, shade(rng, 40, 0.5, 1.0))
    painting.below(wave(painting, rng, 0.62, 0.06, 0.9), shade(rng, 36, 0.5, 0.9))
    painting.below(wave(painting, rng, 0.78, 0.05, 0.7), shade(rng, 33, 0.58, 0.8))


def snow(painting: Painting, rng: np.random.Generator) -> None:
    """Snowy hills under a pale sky, flakes falling."""
    painting.sky(shade(rng, 212, 0.35, 0.86), shade(rng, 208, 0.12, 0.96), 0.7)
    painting.below(wave(painting, rng, 0.64, 0.05, 0.8), hsv_to_rgb(208, 0.09, 0.96))
    painting.below(wave(painting, rng, 0.78, 0.04, 0.6), hsv_to_rgb(208, 0.03, 1.0))
    _dots(painting, rng, count=14, depth=0.6, radius=0.011, colour=hsv_to_rgb(0, 0, 1.0))


def night(painting: Painting, rng: np.random.Generator) -> None:
    """A dark sky with stars, a moon, and dark hills."""
    painting.sky(shade(rng, 232, 0.75, 0.22), shade(rng, 238, 0.55, 0.42), 0.8)
    _dots(painting, rng, count=18, depth=0.62, radius=0.008, colour=hsv_to_rgb(50, 0.1, 1.0))
    painting.disc(rng.uniform(0.14, 0.86), 0.16, 0.075, hsv_to_rgb(50, 0.25, 0.98))
    painting.below(wave(painting, rng, 0.8, 0.05, 0.8), shade(rng, 225, 0.5, 0.2))


def space(painting: Painting, rng: np.random.Generator) -> None:
    """Black sky full of stars, with a planet sometimes."""
    painting.sky(shade(rng, 245, 0.6, 0.1), shade(rng, 262, 0.6, 0.2))
    _dots(painting, rng, count=26, depth=1.0, radius=0.008, colour=hsv_to_rgb(0, 0, 0.98))
    if rng.random() < 0.5:
        painting.disc(rng.uniform(0.1, 0.9), 0.14, 0.07, shade(rng, float(rng.uniform(0, 360)), 0.5, 0.8))


def room(painting: Painting, rng: np.random.Generator) -> None:
    """A wall with a window or a picture, a skirting board, a wooden floor."""
    painting.sky(wall := shade(rng, float(rng.choice((45, 200, 140, 20))), 0.14, 0.93), wall)
    left = 0.08 if rng.random() < 0.5 else 0.66
    painting.box(left, 0.1, left + 0.26, 0.38, hsv_to_rgb(0, 0, 0.98))
    painting.box(left + 0.025, 0.125, left + 0.235, 0.355, shade(rng, 200, 0.4, 0.95))
    painting.box(left + 0.12, 0.12, left + 0.14, 0.36, hsv_to_rgb(0, 0, 0.98))
    painting.below(0.74, hsv_to_rgb(30, 0.1, 0.99))
    painting.below(0.77, shade(rng, 28, 0.5, 0.66))


def city(painting: Painting, rng: np.random.Generator) -> None:
    """A row of houses with lit windows under a sky."""
    painting.sky(shade(rng, 208, 0.35, 0.95), shade(rng, 35, 0.12, 1.0), 0.8)
    edge = -0.02
    while edge < 1.0:
        width, top = rng.uniform(0.13, 0.24), rng.uniform(0.28, 0.58)
        painting.box(
            edge,
            top,
            edge + width,
            0.86,
            shade(rng, float(rng.uniform(205, 235)), 0.22, rng.uniform(0.5, 0.72)),
        )
        for row in np.arange(top + 0.05, 0.78, 0.1):
            for column in (0.25, 0.62):
                x = edge + column * width
                painting.box(x, row, x + 0.035, row + 0.045, hsv_to_rgb(48, 0.4, 0.98))
        edge += width
    painting.below(0.84, shade(rng, 220, 0.06, 0.55))


def underwater(painting: Painting, rng: np.random.Generator) -> None:
    """Blue water getting darker, bubbles, and a sandy ground."""
    painting.sky(shade(rng, 192, 0.5, 0.95), shade(rng, 215, 0.8, 0.6))
    _dots(painting, rng, count=9, depth=0.8, radius=0.016, colour=hsv_to_rgb(190, 0.18, 1.0))
    painting.below(wave(painting, rng, 0.88, 0.025, 0.9), shade(rng, 44, 0.35, 0.85))


def _dots(
    painting: Painting, rng: np.random.Generator, *, count: int, depth: float, radius: float, colour: Rgb
) -> None:
    """Small discs in the upper `depth` of the picture, each painted in its own few pixels."""
    size = painting.size
    reach = max(1, int(np.ceil(radius * size + 1)))
    for cx, cy in rng.uniform((0, 0), (1, depth), size=(count, 2)) * size:
        x0, y0 = max(0, int(cx) - reach), max(0, int(cy) - reach)
        window = (slice(y0, int(cy) + reach + 1), slice(x0, int(cx) + reach + 1))
        dx, dy = painting.x[:, window[1]] * size - cx, painting.y[window[0]] * size - cy
        share = np.clip(radius * size - np.sqrt(dx**2 + dy**2) + 0.5, 0, 1)[..., None]
        painting.rgb[window] += (np.array(colour, np.float32) - painting.rgb[window]) * share


LANDSCAPES: tuple[tuple[Callable[[Painting, np.random.Generator], None], tuple[str, ...]], ...] = (
    (hills, ("in front of green hills", "in the hills", "in a meadow", "in a landscape with green hills")),
    (sea, ("by the sea", "in front of the sea", "with the sea in the background")),
    (beach, ("on the beach", "at the beach", "on a sandy beach")),
    (desert, ("in the desert", "in a desert", "in front of sand dunes")),
    (snow, ("in the snow", "in a snowy landscape", "on a snowy day")),
    (night, ("at night", "under a starry night sky", "in the night sky")),
    (space, ("in space", "in outer space", "among the stars")),
    (room, ("in a room", "indoors", "in a living room")),
    (city, ("in the city", "in a city street", "in front of city buildings")),
    (underwater, ("underwater", "under water", "in the ocean")),
)
