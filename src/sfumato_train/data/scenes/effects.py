"""What is named after the object: a sticker's white outline, a drop shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .sprite import Pixels, over, resize

MARGIN = 0.07


def outlined(picture: Pixels) -> Pixels:
    """A die-cut sticker: the picture a little smaller, with a white border around its silhouette."""
    size = picture.shape[0]
    inner = _inset(picture)
    spread = size * MARGIN * 0.4
    blurred = Image.fromarray(inner[..., 3]).filter(ImageFilter.GaussianBlur(spread))
    # A contour of the blurred silhouette, steep enough to be about one pixel soft at every size.
    alpha = np.clip((np.asarray(blurred, dtype=np.float32) - 16) * 5.6 * spread + 127, 0, 255).astype(np.uint8)
    border = np.repeat(alpha[..., None], 4, axis=-1)
    over(border, inner, 0, 0)
    return border


def shadowed(picture: Pixels) -> Pixels:
    """The picture a little smaller, over its own soft shadow to the lower right."""
    size = picture.shape[0]
    inner = _inset(picture)
    blurred = Image.fromarray(inner[..., 3]).filter(ImageFilter.GaussianBlur(size * 0.02))
    shadow = np.zeros_like(inner)
    step = max(1, round(size * 0.035))
    alpha: NDArray[np.float64] = np.array(blurred)[:-step, :-step] * 0.42
    shadow[step:, step:, 3] = alpha.astype(np.uint8)
    over(shadow, inner, 0, 0)
    return shadow


def _inset(picture: Pixels) -> Pixels:
    """The picture with a margin on every side."""
    size = picture.shape[0]
    margin = max(1, round(size * MARGIN))
    out = np.zeros_like(picture)
    over(out, resize(picture, size - 2 * margin, size - 2 * margin), margin, margin)
    return out
