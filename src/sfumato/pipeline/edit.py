"""A part of a picture, painted anew from words; the rest stays bit for bit as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sfumato.picture.frame import Frame, frame_around
from sfumato.picture.mask import Mask
from sfumato.picture.read import Source
from sfumato.pipeline.model import Model
from sfumato.pipeline.repaint import Brush, Canvas, embedding, make_canvas, repaint, take_brush
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.edit import EditRequest
from sfumato.types import Picture

FEATHER = 1 / 16
"""Of a frame's side: over how much of it a painting is fitted to its surroundings, unless the user says."""


def default_feather(mask: Mask) -> int:
    """In pixels of the picture, in proportion to the frame that is painted."""
    return round(frame_around(mask).side * FEATHER)


def edit(
    model: Model,
    request: EditRequest,
    source: Source,
    mask: Mask,
    *,
    n: int = 1,
    observer: Observer = SILENT,
) -> list[Picture]:
    """n pictures with the seeds request.seed + k: `source` with what `mask` marks [H, W] painted anew.

    Every pixel that is not marked is the source's own, bit for bit. Raises `Cancelled` between two steps.
    """
    frame = frame_around(mask)
    brush = take_brush(model, request, frame.side, n, observer)
    return [_one(brush, make_canvas(source.pixels, mask), frame, k, n) for k in range(n)]


def _one(brush: Brush, canvas: Canvas, frame: Frame, index: int, count: int) -> Picture:
    request = replace(brush.request, seed=brush.request.seed + index)
    watch = Watch(brush.observer, picture=index + 1, pictures=count)
    z_img = embedding(brush, seed=request.seed, watch=watch)
    repaint(brush, canvas, frame, z_img=z_img, feather=request.feather, seed=request.seed, watch=watch)
    assert not np.any(canvas.unknown)
    shared = brush.seconds if index == 0 else {}
    return Picture(
        pixels=canvas.pixels, settings=request, seconds={**shared, **watch.seconds}, notes=brush.notes
    )
