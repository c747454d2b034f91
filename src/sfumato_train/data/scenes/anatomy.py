"""Where the head and the eyes of a drawn figure are: simple geometry on silhouette and dark spots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .sprite import Pixels, resize

_GRID = 48


@dataclass(frozen=True, kw_only=True)
class Head:
    """A head seen from the front; numbers are shares of the content's width and height.

    `crown` is the height of the skull between the ears, `eyes` that of the eyes, `spread` the distance of the
    eyes' centres, `symmetry` in 0..1 how alike the halves of the silhouette are, `width` the skull's below
    the crown.
    """

    crown: float
    eyes: float
    spread: float
    width: float
    symmetry: float


def head(content: Pixels) -> Head:
    """Measure the content of a picture (cropped, premultiplied)."""
    grid = resize(content, _GRID, _GRID).astype(np.float32)
    solid = grid[..., 3] > 128
    mirrored = solid[:, ::-1]
    symmetry = float((solid & mirrored).sum() / max(1, (solid | mirrored).sum()))
    middle = solid[:, int(0.44 * _GRID) : int(0.56 * _GRID) + 1]
    tops = np.where(middle.any(axis=0), middle.argmax(axis=0), 0)
    crown = float(np.median(tops)) / _GRID
    band = solid[int((crown + 0.1) * _GRID) : int((crown + 0.3) * _GRID) + 1]
    width = float(band.sum(axis=1).mean()) / _GRID
    eyes, spread = _eyes(_darkness(grid, solid))
    return Head(crown=crown, eyes=eyes, spread=spread, width=width, symmetry=symmetry)


def _darkness(grid: NDArray[np.float32], solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How much darker than the head, and than what is around it, each point is: eyes are, hair is not."""
    light = grid[..., :3] @ np.array((0.3, 0.59, 0.11), dtype=np.float32)
    reference = float(np.median(light[solid])) if solid.any() else 0.0
    dark = np.where(solid, np.clip((reference - light) / 255, 0, 1), 0)
    around = Image.fromarray((dark * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(6))
    spots = np.clip(dark - 1.6 * np.asarray(around, dtype=np.float32) / 255, 0, 1)
    return spots.astype(np.float32)


def _eyes(dark: NDArray[np.float32]) -> tuple[float, float]:
    """Height and distance of the pair of dark spots that mirror each other best, near 46 % of the height."""
    pairs = np.minimum(dark, dark[:, ::-1])[:, : _GRID // 2]
    rows = (np.arange(_GRID) + 0.5) / _GRID
    columns = (np.arange(_GRID // 2) + 0.5) / _GRID
    likely = np.exp(-(((rows - 0.46) / 0.11) ** 2))[:, None] * np.exp(-(((columns - 0.31) / 0.1) ** 2))[None, :]
    score = pairs * likely
    total = float(score.sum())
    if total < 0.5:
        return 0.45, 0.38
    return float((score.sum(axis=1) * rows).sum() / total), 1 - 2 * float((score.sum(axis=0) * columns).sum() / total)
