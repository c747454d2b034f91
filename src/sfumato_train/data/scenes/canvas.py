"""The picture a scene is composed on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .sample import Box, Sample, SceneObject
from .sprite import Pixels, Sprite, over


class Canvas:
    """`size` x `size` pixels, premultiplied RGBA, transparent at first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pixels: Pixels = np.zeros((size, size, 4), dtype=np.uint8)

    def place(self, sprite: Sprite, x: float, y: float) -> Box:
        """Lay the sprite with its top left corner at (x, y) pixels; its box in 0..1, cut to the picture."""
        left, top = round(x), round(y)
        over(self.pixels, sprite.pixels, left, top)
        return self.box(left, top, left + sprite.width, top + sprite.height)

    def centred(self, sprite: Sprite, cx: float, cy: float) -> Box:
        """Lay the sprite with its centre at (cx, cy) in 0..1 of the picture."""
        return self.place(sprite, cx * self.size - sprite.width / 2, cy * self.size - sprite.height / 2)

    def standing(self, sprite: Sprite, cx: float, bottom: float) -> Box:
        """Lay the sprite with the middle of its lower edge at (cx, bottom) in 0..1 of the picture."""
        return self.place(sprite, cx * self.size - sprite.width / 2, bottom * self.size - sprite.height)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """Pixels to 0..1, cut to the picture."""
        a, b, c, d = (min(1.0, max(0.0, v / self.size)) for v in (x0, y0, x1, y1))
        return a, b, c, d

    def sample(self, caption: str, concept: str, objects: Sequence[SceneObject], kind: str) -> Sample:
        """The finished composition; its first object is the main one."""
        return Sample(
            picture=self.pixels,
            caption=caption,
            concept=concept,
            record=objects[0].record,
            objects=tuple(objects),
            kind=kind,
        )
