"""The frames in which a picture is continued beyond its borders, in the order they are painted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from sfumato.picture.frame import SMALLEST, Frame

MOST_ACROSS = 8
"""Half frames along the longer side of a canvas, at the most: a small picture in a large canvas gets larger frames."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A canvas of `height`×`width`, and where the picture lies in it that is there already."""

    height: int
    width: int
    top: int
    left: int
    old_height: int
    old_width: int


def frame_side(room: Room) -> int:
    """As large as the picture's shorter side, so that what is painted next to it is of its scale."""
    longest = max(room.height, room.width)
    wanted = max(min(room.old_height, room.old_width), SMALLEST, -(-2 * longest // MOST_ACROSS))
    return min(wanted, longest)


def tiles(room: Room) -> list[Frame]:
    """Frames that cover all that is new, half of each on what was there or painted before; the nearest come first."""
    side = frame_side(room)
    rows = _steps(room.height, room.top, room.old_height, side)
    columns = _steps(room.width, room.left, room.old_width, side)
    frames = [(dy + dx, top, left) for (dy, top), (dx, left) in product(rows, columns) if dy + dx > 0]
    return [Frame(top=top, left=left, side=side) for _, top, left in sorted(frames)]


def _steps(length: int, start: int, old: int, side: int) -> list[tuple[int, int]]:
    """Where frames begin on one axis, each with how far it reaches beyond the old picture."""
    if side >= length:
        begin = -((side - length) // 2)
        return [(max(start, length - start - old), begin)]
    begins = {*_along(start, old, length, side), *_outwards(start, length, side, old)}
    return [(max(start - begin, begin + side - start - old, 0), begin) for begin in sorted(begins)]


def _along(start: int, old: int, length: int, side: int) -> list[int]:
    """Beside the old picture: half a side apart, from one end of it to the other."""
    room = max(old - side, 0)
    count = -(-2 * room // side)
    begins = [start + round(room * k / count) for k in range(count + 1)] if count else [start + (old - side) // 2]
    return [min(max(begin, 0), length - side) for begin in begins]


def _outwards(start: int, length: int, side: int, old: int) -> list[int]:
    """Before and behind it: half a side further each, up to the canvas's border."""
    half = side // 2
    before = [max(begin, 0) for begin in range(start - half, -half, -half)] if start else []
    last = length - side
    end = start + old
    behind = [min(begin, last) for begin in range(end - half, last + half, half)] if end < length else []
    return before + behind
