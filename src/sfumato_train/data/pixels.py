"""Arithmetic on RGBA pictures held as uint8 arrays [...,H,W,4]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def premultiply(straight: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight alpha to premultiplied: c' = round(c * a / 255) (Porter and Duff 1984, section 3)."""
    product = straight[..., :3].astype(np.uint16) * straight[..., 3:]
    return np.concatenate([(product + 127) // 255, straight[..., 3:]], axis=-1).astype(np.uint8)


def unpremultiply(premultiplied: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Premultiplied to straight alpha, c = round(255 * c' / a); transparent pixels become black."""
    alpha = premultiplied[..., 3:].astype(np.uint16)
    colour = (premultiplied[..., :3].astype(np.uint16) * 255 + alpha // 2) // np.maximum(alpha, 1)
    colour = np.where(alpha == 0, 0, np.minimum(colour, 255))
    return np.concatenate([colour, alpha], axis=-1).astype(np.uint8)


def shrink(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Mean over blocks of factor x factor pixels: [H,W,C] to [H/factor, W/factor, C].

    Right for premultiplied pictures only: there a transparent pixel adds no colour.
    """
    height, width, channels = picture.shape
    blocks = picture.reshape(height // factor, factor, width // factor, factor, channels)
    total = blocks.sum(axis=(1, 3), dtype=np.uint32)
    area = factor * factor
    mean: NDArray[np.uint32] = (total + area // 2) // area
    return mean.astype(np.uint8)
