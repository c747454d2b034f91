"""Pictures of one record: as it is, moved and mirrored; silhouettes in a colour."""

from __future__ import annotations

from ..captions import caption
from .augment import augmented
from .canvas import Canvas
from .recolouring import tinted, whole
from .sample import Sample, SceneObject
from .sprite import content_box
from .studio import Studio


def single(studio: Studio, record: int) -> Sample:
    """One record with its caption, on transparency; silhouettes come in a colour mostly."""
    info = studio.catalogue.records[record]
    if info.tintable and studio.chance(0.8):
        return tinted(studio, record)
    canvas = Canvas(studio.size)
    canvas.pixels = augmented(whole(studio, record), studio, flip=info.flip)
    item = SceneObject(record=record, name=info.name, box=canvas.box(*content_box(canvas.pixels)))
    words = caption(info, studio.rng, style=studio.config.style_in_caption)
    return canvas.sample(words, info.concept, [item], "single")
