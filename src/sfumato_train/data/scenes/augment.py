"""Small changes of a picture that leave its caption true: place, size, mirror, a breath of colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .sprite import Pixels, content_box, over, resize
from .studio import Studio

_GREY = np.full((3, 3), 1 / 3)
_CROSS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / np.sqrt(3)


def augmented(picture: Pixels, studio: Studio, *, flip: bool) -> Pixels:
    """A picture [size,size,4] after the small changes, if the configuration wants them."""
    if not studio.config.augment:
        return picture
    if flip and studio.chance(0.5):
        picture = np.ascontiguousarray(picture[:, ::-1])
    if studio.chance(0.75):
        picture = move(picture, studio.size, studio.rng)
    return breathe(picture, studio.rng) if studio.chance(0.5) else picture


def move(picture: Pixels, size: int, rng: np.random.Generator) -> Pixels:
    """The content at 78 to 104 % of its size, shifted by up to a tenth, wholly inside [size,size,4]."""
    x0, y0, x1, y1 = content_box(picture)
    unit = size / picture.shape[0]
    scale = unit * (rng.uniform(0.78, 1.04) if rng.random() < 0.7 else 1.0)
    width = min(size, max(1, round((x1 - x0) * scale)))
    height = min(size, max(1, round((y1 - y0) * scale)))
    dx, dy = rng.uniform(-0.1, 0.1, size=2) * size
    x = round((x0 + x1) / 2 * unit + dx - width / 2)
    y = round((y0 + y1) / 2 * unit + dy - height / 2)
    canvas = np.zeros((size, size, 4), dtype=np.uint8)
    content = resize(picture[y0:y1, x0:x1], width, height)
    over(canvas, content, min(max(x, 0), size - width), min(max(y, 0), size - height))
    return canvas


def hue_matrix(degrees: float) -> NDArray[np.float64]:
    """Rotation of RGB about the grey axis (Rodrigues): greys stay, hues turn."""
    angle = np.deg2rad(degrees)
    matrix: NDArray[np.float64] = np.cos(angle) * np.eye(3) + (1 - np.cos(angle)) * _GREY + np.sin(angle) * _CROSS
    return matrix


def breathe(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Hue by up to 5 degrees, saturation and brightness by up to 7 %: too little to change a colour's name.

    The map is linear, so it holds for premultiplied colours; the result is clamped to alpha.
    """
    saturation = rng.uniform(0.93, 1.07)
    matrix = hue_matrix(rng.uniform(-5, 5)) * rng.uniform(0.94, 1.04)
    matrix = (saturation * np.eye(3) + (1 - saturation) * _GREY) @ matrix
    rows = tuple(value for row in matrix for value in (*row, 0.0))
    image = Image.frombytes("RGB", (picture.shape[1], picture.shape[0]), picture[..., :3].tobytes())
    out = np.empty_like(picture)
    np.minimum(np.asarray(image.convert("RGB", rows)), picture[..., 3:], out=out[..., :3])
    out[..., 3] = picture[..., 3]
    return out
