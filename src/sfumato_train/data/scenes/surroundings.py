"""What stands around a finished composition: a background, an outline, a shadow; each in the caption."""

from __future__ import annotations

import dataclasses

import numpy as np

from .backgrounds import Background, flat, landscape
from .effects import MARGIN, outlined, shadowed
from .sample import Box, Sample
from .sprite import Pixels, over, resize
from .studio import Studio

_NEVER_IN_LANDSCAPES = frozenset({"symbols", "flags"})
_OUTLINED = ("{} with a white outline", "{}, die-cut sticker", "a sticker of {} with a white border")
_SHADOWED = ("{} with a drop shadow", "{} with a soft shadow", "{}, soft shadow")
_TRANSPARENT = ("{}, transparent background", "{} on a transparent background")


def surrounded(studio: Studio, sample: Sample) -> Sample:
    """The sample with a background, an outline, a shadow, or as it is."""
    share = studio.config.background_fraction
    draw = studio.rng.random()
    if draw < share:
        return _on_background(studio, sample)
    if draw < share + 0.02:
        return _said(studio, shrunk(sample, 1 - 2 * MARGIN, MARGIN, MARGIN), _OUTLINED, outlined(sample.picture))
    if draw < share + 0.035:
        return _said(studio, shrunk(sample, 1 - 2 * MARGIN, MARGIN, MARGIN), _SHADOWED, shadowed(sample.picture))
    return _said(studio, sample, _TRANSPARENT, sample.picture) if draw < share + 0.06 else sample


def shrunk(sample: Sample, scale: float, x: float, y: float) -> Sample:
    """The sample with its objects' boxes as if the picture were `scale` times as large, at (x, y) in 0..1."""

    def moved(box: Box) -> Box:
        return x + scale * box[0], y + scale * box[1], x + scale * box[2], y + scale * box[3]

    return dataclasses.replace(sample, objects=tuple(dataclasses.replace(o, box=moved(o.box)) for o in sample.objects))


def _said(studio: Studio, sample: Sample, words: tuple[str, ...], picture: Pixels) -> Sample:
    return dataclasses.replace(sample, picture=picture, caption=studio.pick(words).format(sample.caption))


def _on_background(studio: Studio, sample: Sample) -> Sample:
    """A colour or gradient as large as the picture, or a landscape that the object leaves room for."""
    categories = {studio.catalogue.records[o.record].category for o in sample.objects if o.record >= 0}
    if studio.chance(0.6) or categories & _NEVER_IN_LANDSCAPES:
        return _composed(sample, _contrasting(studio, sample), 1.0)
    low, high = (0.55, 0.8) if len(sample.objects) == 1 else (0.75, 0.95)
    scale = round(studio.rng.uniform(low, high) * studio.size) / studio.size
    return _composed(sample, landscape(studio.size, studio.rng), scale)


def _contrasting(studio: Studio, sample: Sample) -> Background:
    """A flat background that the object stands out from by its mean colour; at worst the third draw."""
    total = sample.picture.reshape(-1, 4).sum(axis=0, dtype=np.int64)
    mean = total[:3] * 255 / max(1, int(total[3]))
    for _ in range(3):
        background = flat(studio.size, studio.rng)
        if np.abs(background.pixels[..., :3].mean(axis=(0, 1)) - mean).max() > 60:
            break
    return background


def _composed(sample: Sample, background: Background, scale: float) -> Sample:
    """The composition at `scale`, standing in the lower middle of a background."""
    size = sample.picture.shape[0]
    side = round(scale * size)
    left, top = (size - side) // 2, round((size - side) * 0.85)
    picture = background.pixels
    over(picture, resize(sample.picture, side, side), left, top)
    return dataclasses.replace(
        shrunk(sample, side / size, left / size, top / size),
        picture=picture,
        caption=f"{sample.caption} {background.words}",
        kind="background" if sample.kind == "single" else sample.kind,
    )
