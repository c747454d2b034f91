"""The one converter between pictures outside (uint8 HWC, straight alpha) and inside (float32 NCHW).

Inside, a picture is [B, 4, H, W]: red, green, blue and alpha, colours **premultiplied** by alpha, every
channel mapped from [0, 1] to [-1, 1] by x = 2p - 1. So a transparent pixel carries no colour (all four are
-1), and averages and resampling need no special care for edges.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps

from sfumato.errors import InputError

Pixels = NDArray[np.uint8]
"""uint8 [H, W, 4] straight RGBA, or [H, W, 3] RGB of an opaque picture."""

Floats = NDArray[np.float32]
"""float32 [B, 4, H, W], premultiplied RGBA in [-1, 1]."""

Colour = tuple[int, int, int]


def from_pixels(pixels: Pixels) -> Floats:
    """[H, W, C] or [B, H, W, C] straight uint8 → [B, 4, H, W] premultiplied float32 in [-1, 1].

    Three channels are taken as opaque. Raises InputError for other types and shapes.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or pixels.shape[-1] not in (3, 4):
        raise InputError(f"A picture must be uint8 [H, W, 3] or [H, W, 4], not {pixels.dtype} {list(pixels.shape)}.")
    batch = pixels if pixels.ndim == 4 else pixels[None]
    p = batch.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    alpha = p[:, 3:] if p.shape[1] == 4 else np.ones_like(p[:, :1])
    return np.concatenate([p[:, :3] * alpha, alpha], axis=1) * np.float32(2) - np.float32(1)


def to_pixels(x: Floats) -> Pixels:
    """[B, 4, H, W] premultiplied in [-1, 1] → [B, H, W, 4] straight uint8.

    Values outside the range are clipped, colours to their alpha. Pixels whose alpha rounds to 0 are black.
    Gives back what `from_pixels` was given, but for the colour of fully transparent pixels.
    """
    p = np.clip((np.asarray(x, np.float32) + np.float32(1)) * np.float32(0.5), 0, 1)
    alpha = p[:, 3:]
    seen = alpha >= np.float32(0.5 / 255)
    rgb = np.minimum(p[:, :3] / np.where(seen, alpha, np.float32(1)), np.float32(1)) * seen
    straight = np.concatenate([rgb, alpha], axis=1) * np.float32(255)
    return np.rint(straight).astype(np.uint8).transpose(0, 2, 3, 1)


def parse_background(background: str) -> Colour | None:
    """None for "transparent"; the colour of a name or #rrggbb otherwise. Raises InputError."""
    if background == "transparent":
        return None
    try:
        return ImageColor.getrgb(background)[:3]
    except ValueError:
        raise InputError(
            f"The background {background!r} is no colour; write transparent, a name like white, or #rrggbb."
        ) from None


def flatten(pixels: Pixels, colour: Colour) -> Pixels:
    """[..., H, W, 4] straight RGBA laid over a colour → [..., H, W, 3]; [..., 3] is returned as it is."""
    if pixels.shape[-1] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.float32) / np.float32(255)
    over = pixels[..., :3] * alpha + np.array(colour, np.float32) * (1 - alpha)
    flat: Pixels = np.rint(over).astype(np.uint8)
    return flat


def on_background(x: Floats, background: str) -> Pixels:
    """[1, 4, H, W] premultiplied → straight uint8: [H, W, 4] on "transparent", [H, W, 3] on a colour."""
    colour = parse_background(background)
    pixels = to_pixels(x)[0]
    return pixels if colour is None else flatten(pixels, colour)


def downsample(x: Floats, factor: int) -> Floats:
    """[..., H, W] → [..., H/factor, W/factor], each the mean of its block (exact for premultiplied)."""
    *rest, height, width = x.shape
    if factor < 1 or height % factor or width % factor:
        raise InputError(f"A picture of {width}×{height} cannot be divided by {factor}; choose a divisor.")
    blocks = x.reshape(*rest, height // factor, factor, width // factor, factor)
    means: Floats = blocks.mean(axis=(-3, -1), dtype=np.float32)
    return means


def from_image(image: Image.Image) -> Pixels:
    """Any Pillow image, turned upright by its EXIF orientation → uint8 [H, W, 4] straight RGBA."""
    return np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))


def to_image(pixels: Pixels) -> Image.Image:
    """uint8 [H, W, 4] or [H, W, 3] → a Pillow image of mode RGBA or RGB."""
    mode: Literal["RGB", "RGBA"] = "RGBA" if pixels.shape[-1] == 4 else "RGB"
    return Image.fromarray(np.ascontiguousarray(pixels)).convert(mode)
