"""A picture, continued beyond its borders: frame after frame, each an edit of what it shows and is not there yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sfumato.diffusion.rng import frame_seed
from sfumato.picture.read import Source
from sfumato.picture.tiles import Room, frame_side, tiles
from sfumato.pipeline.model import Model
from sfumato.pipeline.repaint import Brush, Canvas, embedding, make_canvas, repaint, take_brush
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.requests.extend import ExtendRequest
from sfumato.types import Picture

FEATHER = 1 / 8
"""Of a frame's side. Twice that of an edit: a border is long and straight, and a change of colours shows."""


def default_feather(room: Room) -> int:
    """In pixels, in proportion to the frames that are painted."""
    return round(frame_side(room) * FEATHER)


def make_room(source: Source, *, left: int, right: int, top: int, bottom: int) -> Room:
    """The canvas that is painted, from what is added on each side."""
    return Room(
        height=top + source.height + bottom,
        width=left + source.width + right,
        top=top,
        left=left,
        old_height=source.height,
        old_width=source.width,
    )


def extend(
    model: Model, request: ExtendRequest, source: Source, *, n: int = 1, observer: Observer = SILENT
) -> list[Picture]:
    """n pictures with the seeds request.seed + k: the source, and around it what the request adds.

    z_img is imagined once a picture; frame j has the noise of `frame_seed(seed, j)`. Every pixel of the source
    is its own, bit for bit. Of a picture only the canvas as bytes and one frame as floats are in memory.
    Raises `Cancelled` between two steps.
    """
    room = make_room(source, left=request.left, right=request.right, top=request.top, bottom=request.bottom)
    brush = take_brush(model, request, frame_side(room), n, observer)
    return [_one(brush, _canvas(source, room), room, k, n) for k in range(n)]


def _canvas(source: Source, room: Room) -> Canvas:
    pixels = np.zeros((room.height, room.width, 4), np.uint8)
    unknown = np.ones((room.height, room.width), np.bool_)
    there = slice(room.top, room.top + room.old_height), slice(room.left, room.left + room.old_width)
    pixels[there], unknown[there] = source.pixels, False
    return make_canvas(pixels, unknown)


def _one(brush: Brush, canvas: Canvas, room: Room, index: int, count: int) -> Picture:
    request = replace(brush.request, seed=brush.request.seed + index)
    watch = Watch(brush.observer, picture=index + 1, pictures=count)
    z_img = embedding(brush, seed=request.seed, watch=watch)
    for j, frame in enumerate(tiles(room)):
        if canvas.unknown[frame.inside(room.height, room.width)].any():
            seed = frame_seed(request.seed, j)
            repaint(brush, canvas, frame, z_img=z_img, feather=request.feather, seed=seed, watch=watch)
    assert not canvas.unknown.any()
    shared = brush.seconds if index == 0 else {}
    return Picture(
        pixels=canvas.pixels, settings=request, seconds={**shared, **watch.seconds}, notes=brush.notes
    )
