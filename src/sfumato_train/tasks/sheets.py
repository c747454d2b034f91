"""Sample sheets: what a stage has learnt, as one picture."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

CHECKER = 8


def to_rgb(picture_BCHW: Tensor) -> NDArray[np.uint8]:
    """Premultiplied RGBA in [−1, 1] → uint8 [B, H, W, 3] over a pale chequered ground."""
    p = ((picture_BCHW.float().clamp(-1, 1) + 1) / 2).permute(0, 2, 3, 1).numpy()
    rows, columns = np.mgrid[: p.shape[1], : p.shape[2]] // CHECKER
    ground = np.where((rows + columns) % 2 == 0, 0.96, 0.86)[None, :, :, None]
    rgb = p[..., :3] + (1 - p[..., 3:]) * ground
    return np.asarray((rgb.clip(0, 1) * 255).round(), np.uint8)


def grid(pictures_NHWC: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Pictures side by side, `columns` a row, with a white line between."""
    N, H, W, C = pictures_NHWC.shape
    rows = -(-N // columns)
    sheet = np.full((rows * (H + 2), columns * (W + 2), C), 255, np.uint8)
    for index, picture in enumerate(pictures_NHWC):
        y, x = divmod(index, columns)
        sheet[y * (H + 2) : y * (H + 2) + H, x * (W + 2) : x * (W + 2) + W] = picture
    return sheet


def heat_map(values_RC: NDArray[np.float32], *, zoom: int = 10) -> NDArray[np.uint8]:
    """A matrix as grey squares, its lowest value black and its highest white."""
    low, high = float(values_RC.min()), float(values_RC.max())
    grey = ((values_RC - low) / max(1e-9, high - low) * 255).astype(np.uint8)
    return np.repeat(np.repeat(np.repeat(grey[..., None], 3, 2), zoom, 0), zoom, 1)
