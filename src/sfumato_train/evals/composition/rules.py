"""Whether what a detector found is what a prompt asked for: the rules of GenEval (Ghosh et al. 2023, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from sfumato_train.data.scenes.sample import Box

from .wanted import Part, Wanted

MARGIN = 0.1  # of the picture's side: centres nearer than this are at no side of one another
STRAIGHT = 0.5  # cosine: within 60 degrees of the way that is asked for
WAYS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "above": (0.0, -1.0), "below": (0.0, 1.0)}


@dataclass(frozen=True, kw_only=True)
class Found:
    """A thing in a picture: its number in the vocabulary (the number of things: something else), how sure it is that
    there is one in 0..1, its box in 0..1 of the picture, and the colour that it has most likely.
    """

    kind: int
    score: float
    box: Box
    colour: str

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y)."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def obeys(wanted: Wanted, found: Sequence[Found]) -> bool:
    """Whether all parts are there (in their colours, exactly as many where several are asked for) and in their places.

    Other things may be there too, as in GenEval.
    """
    parts = [_fitting(part, found) for part in wanted.parts]
    if not all(parts):
        return False
    if wanted.task == "counting":
        return len(parts[0]) == wanted.parts[0].count
    if wanted.relation is not None:
        return any(lies(wanted.relation, one, other) for one in parts[0] for other in parts[1])
    return True


def arranged(wanted: Wanted, found: Sequence[Found]) -> bool:
    """Whether just so many things are there, in the colours and along the line that are asked for, whatever they are.

    What a generator gets right that draws no thing well enough to be recognised. Without kinds nobody can say which
    thing should have which colour or be first, so either way is right.
    """
    if len(found) != sum(part.count for part in wanted.parts):
        return False
    if wanted.relation is not None:
        one, other = found
        return lies(wanted.relation, one, other) or lies(wanted.relation, other, one)
    colours = sorted(part.colour for part in wanted.parts if part.colour is not None)
    return not colours or sorted(one.colour for one in found) == colours


def lies(relation: str, one: Found, other: Found) -> bool:
    """Whether `one` lies to the left of (right of, above, below) `other`."""
    x, y = one.centre[0] - other.centre[0], one.centre[1] - other.centre[1]
    length = hypot(x, y)
    way = WAYS[relation]
    return length >= MARGIN and (x * way[0] + y * way[1]) > STRAIGHT * length


def _fitting(part: Part, found: Sequence[Found]) -> list[Found]:
    return [one for one in found if one.kind == part.thing and part.colour in (None, one.colour)]
