"""What can be said of a picture by its pixels: how full, how colourful, how detailed, and its hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pixels import shrink

_SIDE = 32  # of the picture that the perceptual hash looks at
_LOW = 8  # lowest frequencies kept in each direction


@dataclass(frozen=True, kw_only=True)
class Measures:
    """`coverage`: mean alpha, 0..1. `colour`: share of the visible area with a hue, 0..1.
    `detail`: mean absolute step between neighbouring pixels, 0..255. `palette`: distinct coarse colours."""

    coverage: float
    colour: float
    detail: float
    palette: int


def measure(premultiplied: NDArray[np.uint8]) -> Measures:
    """Measure a uint8 [H,W,4] premultiplied picture."""
    alpha = premultiplied[..., 3].astype(np.float64)
    rgb = premultiplied[..., :3].astype(np.int16)
    chroma = rgb.max(axis=-1) - rgb.min(axis=-1)
    visible = alpha > 32
    area = max(int(visible.sum()), 1)
    # A hue counts where channels differ by at least an eighth of the pixel's own alpha.
    coloured = visible & (chroma > alpha / 8)
    steps = [np.abs(np.diff(premultiplied.astype(np.int16), axis=a)).mean() for a in (0, 1)]
    coarse = rgb[visible] >> 5
    codes = coarse[:, 0] * 64 + coarse[:, 1] * 8 + coarse[:, 2]
    counts = np.bincount(codes, minlength=1) if len(codes) else np.zeros(1)
    return Measures(
        coverage=float(alpha.mean() / 255),
        colour=float(coloured.sum() / area),
        detail=float(sum(steps) / 2),
        palette=int((counts > area * 0.005).sum()),
    )


def _cosines() -> NDArray[np.float64]:
    k, n = np.arange(1, _LOW + 1)[:, None], np.arange(_SIDE)[None, :]
    return np.cos(np.pi * k * (2 * n + 1) / (2 * _SIDE))


_BASIS = _cosines()


def phash(premultiplied: NDArray[np.uint8]) -> int:
    """64-bit perceptual hash: signs of low DCT-II frequencies around their median (Zauner 2010, section 3.2).

    The picture (uint8 [H,W,4] premultiplied, H and W multiples of 32) is laid on mid grey, so that white art
    and black art on a transparent ground both leave a trace.
    """
    little = shrink(premultiplied, premultiplied.shape[0] // _SIDE).astype(np.float64)
    grey = little[..., :3] @ np.array([0.299, 0.587, 0.114]) + 128 * (1 - little[..., 3] / 255)
    low = (_BASIS @ grey @ _BASIS.T).ravel()
    bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
