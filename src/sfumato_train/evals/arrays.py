"""Pictures and embeddings as arrays, and how progress is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sfumato.engine.base import Array

Floats = NDArray[np.float32]
Tick = Callable[[int, int], None]


def nobody(_done: int, _total: int) -> None:
    """Tells nobody."""


def to_floats(pictures: NDArray[np.uint8]) -> Floats:
    """Premultiplied uint8 [B,64,64,4] → premultiplied float32 [B,4,64,64] in [-1,1]."""
    scaled = pictures.transpose(0, 3, 1, 2).astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(scaled)


def unit(z: Array) -> Floats:
    """Rows of norm 1, float32."""
    length = np.linalg.norm(z, axis=-1, keepdims=True)
    scaled: Floats = (z / np.maximum(length, 1e-12)).astype(np.float32)
    return scaled
