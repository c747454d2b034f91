"""From whatever mode and colour space a file was written in to straight RGBA in sRGB, upright."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageChops, ImageCms

from sfumato.picture.convert import Pixels

MAX_PROFILE = 4 * 2**20
"""Bytes of an ICC profile; those of printing presses reach 3 MB."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def to_rgba(image: Image.Image) -> Pixels:
    """A decoded image of any mode → uint8 [H, W, 4], straight alpha, sRGB, turned upright.

    Sixteen bits become eight; an ICC profile that cannot be used counts as sRGB.
    """
    turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    profile = image.info.get("icc_profile")
    upright = _in_srgb(_eight_bits(image), profile if isinstance(profile, bytes) else b"")
    return np.array(upright if turn is None else upright.transpose(turn))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Modes that a profile can be applied to: L, RGB, CMYK, and with alpha LA and RGBA."""
    if image.mode in _SIXTEEN:
        return _from_sixteen(image)
    if image.mode == "CMYK":
        # Adobe's programs write CMYK inverted and say so; the decoder takes every file to be theirs.
        return image if "adobe" in image.info else ImageChops.invert(image)
    if image.mode in {"LA", "RGBA", "CMYK"} or (image.mode in {"L", "RGB"} and "transparency" not in image.info):
        return image
    if image.mode == "1" and "transparency" not in image.info:
        return image.convert("L")
    if image.mode == "La":
        return image.convert("LA")
    clear = image.mode in {"PA", "RGBa"} or image.info.get("transparency") is not None
    return image.convert("RGBA" if clear else "RGB")


def _from_sixteen(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int32)
    grey = Image.fromarray(((np.clip(values, 0, 65535) * 255 + 32767) // 65535).astype(np.uint8))
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    alpha = Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))
    return Image.merge("LA", (grey, alpha))


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    if not profile:
        return image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    plain = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Through the tables of a transform even sRGB would come out a level off here and there.
        if not _is_srgb(source):
            target = ImageCms.createProfile("sRGB")
            plain = ImageCms.profileToProfile(plain, source, target, outputMode="RGB") or plain
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass
    colours = plain.convert("RGBA")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return (profile.profile.profile_description or "").strip().lower().startswith("srgb")
