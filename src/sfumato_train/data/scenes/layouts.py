"""Scenes of separate objects: counts, positions, sizes, colours. None where a draw did not fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..captions import phrase, spoken_name
from ..english import counted, is_mass, is_plural, joined, noun_phrase
from .canvas import Canvas
from .catalogue import Catalogue
from .colour import has_colour_word, recolour, tint, without_colour
from .sample import Box, Sample, SceneObject, StreamConfig
from .single import SHIFTABLE_SHARE, other_colour
from .sprite import Sprite


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An object chosen for a scene: its record, words, art, and colour if the caption names one."""

    record: int
    words: str
    sprite: Sprite
    colour: str | None = None

    def seen(self, box: Box, role: str) -> SceneObject:
        """The actor as an object of the finished scene."""
        return SceneObject(record=self.record, name=self.words, box=box, colour=self.colour, role=role)


def cast(
    catalogue: Catalogue, rng: np.random.Generator, record: int, pixels: float, *, name: str | None = None
) -> Actor:
    """A record as an actor, mirrored sometimes where that is allowed."""
    info = catalogue.records[record]
    sprite = catalogue.sprite(record, pixels)
    if info.flip and rng.random() < 0.5:
        sprite = sprite.flipped()
    return Actor(record=record, words=name or spoken_name(info), sprite=sprite)


def two_records(catalogue: Catalogue, rng: np.random.Generator) -> tuple[int, int] | None:
    """Two objects of different concepts, of one style mostly."""
    first = catalogue.objects.draw(rng)
    style = catalogue.records[first].style if rng.random() < 0.9 else None
    for _ in range(4):
        second = catalogue.objects.draw(rng, style)
        if catalogue.records[second].concept != catalogue.records[first].concept:
            return first, second
    return None


def count(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    """One object two to five times: "three lemons"."""
    record = catalogue.objects.draw(rng)
    info = catalogue.records[record]
    name = spoken_name(info)
    if is_plural(name) or is_mass(name) or " and " in name:
        return None
    number = int(rng.choice((2, 3, 4, 5), p=(0.36, 0.34, 0.18, 0.12)))
    canvas = Canvas(config.size)
    sprite = catalogue.sprite(record, config.size * 0.5)
    boxes = []
    for cx, cy, room in _arrangement(number, rng):
        one = sprite.flipped() if info.flip and rng.random() < 0.3 else sprite
        extent = room * config.size * (rng.uniform(0.9, 1.0) if config.augment else 1.0)
        boxes.append(canvas.centred(one.fitted(extent, extent), cx, cy))
    objects = tuple(SceneObject(record=record, name=name, box=box, role="counted") for box in boxes)
    return Sample(
        picture=canvas.pixels,
        caption=counted(number, name),
        concept=f"{number} {info.concept}",
        record=record,
        objects=objects,
        kind="count",
    )


_ARRANGEMENTS: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    2: (((0.26, 0.5), (0.74, 0.5)), ((0.28, 0.3), (0.72, 0.7)), ((0.28, 0.7), (0.72, 0.3))),
    3: (((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)), ((0.27, 0.27), (0.73, 0.27), (0.5, 0.73))),
    4: (((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)),),
    5: (((0.2, 0.22), (0.8, 0.22), (0.5, 0.5), (0.2, 0.78), (0.8, 0.78)),),
}
_ROOM = {2: 0.44, 3: 0.42, 4: 0.42, 5: 0.33}


def _arrangement(number: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centres in 0..1 and the side of the square each object may fill, such that no two meet."""
    choices = list(_ARRANGEMENTS[number])
    if number == 3 and rng.random() < 0.25:
        return [(x, 0.5, 0.3) for x in (0.17, 0.5, 0.83)]
    centres = choices[int(rng.integers(len(choices)))]
    return [(x, y, _ROOM[number]) for x, y in centres]


# relation: where the first and the second object stand, in 0..1, and the words between them
_RELATIONS = {
    "left": ((0.26, 0.5), (0.74, 0.5), ("to the left of", "left of", "on the left of")),
    "right": ((0.74, 0.5), (0.26, 0.5), ("to the right of", "right of", "on the right of")),
    "above": ((0.5, 0.25), (0.5, 0.75), ("above", "over")),
    "below": ((0.5, 0.75), (0.5, 0.25), ("below", "under", "beneath")),
    "next": ((0.26, 0.5), (0.74, 0.5), ("next to", "beside", "and")),
}


def position(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    """Two objects and where one is: "a cat to the left of a dog"."""
    records = two_records(catalogue, rng)
    if records is None:
        return None
    relation = list(_RELATIONS)[int(rng.choice(5, p=(0.22, 0.22, 0.16, 0.16, 0.24)))]
    first, second = (cast(catalogue, rng, r, config.size * 0.46) for r in records)
    at_first, at_second, words = _RELATIONS[relation]
    canvas = Canvas(config.size)
    room = config.size * (rng.uniform(0.4, 0.46) if config.augment else 0.45)
    boxes = [
        canvas.centred(a.sprite.fitted(room, room), *at) for a, at in ((first, at_first), (second, at_second))
    ]
    between = words[int(rng.integers(len(words)))]
    names = [phrase(catalogue.records[a.record], rng, name=a.words) for a in (first, second)]
    return _sample(
        canvas, f"{names[0]} {between} {names[1]}",
        f"{first.words} {relation} {second.words}",
        (first.seen(boxes[0], relation), second.seen(boxes[1], "reference")), "position",
    )  # fmt: skip


def between(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    """One object between two others of a kind or of two kinds: "a fish between two cups"."""
    records = two_records(catalogue, rng)
    if records is None:
        return None
    middle, side = (cast(catalogue, rng, r, config.size * 0.34) for r in records)
    if is_plural(side.words) or is_mass(side.words):
        return None
    canvas = Canvas(config.size)
    room = config.size * 0.31
    boxes = [
        canvas.centred(a.sprite.fitted(room, room), x, 0.5)
        for a, x in ((side, 0.17), (middle, 0.5), (side, 0.83))
    ]
    text = (
        f"{phrase(catalogue.records[middle.record], rng, name=middle.words)} between {counted(2, side.words)}"
    )
    objects = (middle.seen(boxes[1], "between"), side.seen(boxes[0], "side"), side.seen(boxes[2], "side"))
    return _sample(canvas, text, f"{middle.words} between 2 {side.words}", objects, "position")


def sizes(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    """Two objects, one big and one small: "a big star and a small moon"."""
    records = two_records(catalogue, rng)
    if records is None:
        return None
    big, small = (cast(catalogue, rng, r, config.size * 0.6) for r in records)
    if is_mass(big.words) or is_mass(small.words):
        return None
    canvas = Canvas(config.size)
    mirror = rng.random() < 0.5
    extent, little = config.size * rng.uniform(0.6, 0.66), config.size * rng.uniform(0.22, 0.28)
    at_big, at_small = ((0.66, 0.5), (0.16, 0.62)) if mirror else ((0.34, 0.5), (0.84, 0.62))
    boxes = (
        canvas.centred(big.sprite.fitted(extent, extent, enlarge=1.4), *at_big),
        canvas.centred(small.sprite.fitted(little, little), *at_small),
    )
    if _area(boxes[0]) < 2.5 * _area(boxes[1]):
        return None
    large = ("big", "large", "huge")[int(rng.integers(3))]
    tiny = ("small", "little", "tiny")[int(rng.integers(3))]
    parts = [noun_phrase(f"{large} {big.words}"), noun_phrase(f"{tiny} {small.words}")]
    text = joined(parts if rng.random() < 0.6 else parts[::-1])
    objects = (big.seen(boxes[0], "big"), small.seen(boxes[1], "small"))
    return _sample(canvas, text, f"big {big.words} small {small.words}", objects, "size")


def colours(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    """Two objects with a colour each: "a red car and a blue ball"."""
    first = coloured(catalogue, rng, config.size * 0.46)
    second = coloured(catalogue, rng, config.size * 0.46)
    if first is None or second is None or first.record == second.record or first.colour == second.colour:
        return None
    canvas = Canvas(config.size)
    room = config.size * 0.45
    boxes = [canvas.centred(a.sprite.fitted(room, room), x, 0.5) for a, x in ((first, 0.26), (second, 0.74))]
    text = joined([noun_phrase(f"{a.colour} {a.words}") for a in (first, second)])
    objects = (first.seen(boxes[0], "left"), second.seen(boxes[1], "right"))
    concept = f"{first.colour} {first.words} and {second.colour} {second.words}"
    return _sample(canvas, text, concept, objects, "colour")


def coloured(catalogue: Catalogue, rng: np.random.Generator, pixels: float) -> Actor | None:
    """An object moved to a named hue, or a tinted silhouette; None where its art has no one hue."""
    if catalogue.tintable and rng.random() < 0.3:
        return _tinted(catalogue, rng, pixels)
    if not catalogue.shiftable:
        return None
    record = catalogue.shiftable.draw(rng)
    hue, share = catalogue.hue(record)
    if share < SHIFTABLE_SHARE:
        return None
    colour = other_colour(rng, hue)
    sprite = Sprite(pixels=recolour(catalogue.sprite(record, pixels).pixels, hue, colour))
    return Actor(record=record, words=_uncoloured(catalogue, record), sprite=sprite, colour=colour.name)


def _tinted(catalogue: Catalogue, rng: np.random.Generator, pixels: float) -> Actor:
    record = catalogue.tintable.draw(rng)
    colour = other_colour(rng, float(rng.uniform(0, 360)))
    sprite = Sprite(pixels=tint(catalogue.sprite(record, pixels).pixels, colour))
    return Actor(record=record, words=_uncoloured(catalogue, record), sprite=sprite, colour=colour.name)


def _uncoloured(catalogue: Catalogue, record: int) -> str:
    name = spoken_name(catalogue.records[record])
    return without_colour(name) if has_colour_word(name) else name


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _sample(
    canvas: Canvas, caption: str, concept: str, objects: tuple[SceneObject, ...], kind: str
) -> Sample:
    return Sample(
        picture=canvas.pixels,
        caption=caption,
        concept=concept,
        record=objects[0].record,
        objects=objects,
        kind=kind,
    )
