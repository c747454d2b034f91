"""Scenes of separate objects: counts, positions, sizes. None where a draw did not fit."""

from __future__ import annotations

from ..captions import phrase
from ..english import counted, is_mass, is_plural, joined, noun_phrase
from .canvas import Canvas
from .sample import Box, Sample
from .studio import Actor, Studio

Place = tuple[float, float]


def two_records(studio: Studio) -> tuple[int, int] | None:
    """Two objects of different concepts, of one style mostly."""
    catalogue = studio.catalogue
    first = catalogue.objects.draw(studio.rng)
    style = catalogue.records[first].style if studio.chance(0.9) else None
    for _ in range(4):
        second = catalogue.objects.draw(studio.rng, style)
        if catalogue.records[second].concept != catalogue.records[first].concept:
            return first, second
    return None


def count(studio: Studio) -> Sample | None:
    """One object two to five times: "three lemons"."""
    record = studio.catalogue.objects.draw(studio.rng)
    number = int(studio.rng.choice((2, 3, 4, 5), p=(0.36, 0.34, 0.18, 0.12)))
    actor = studio.cast(record, 0.44)
    if not countable(actor.words):
        return None
    canvas = Canvas(studio.size)
    sprites = (
        actor.sprite,
        actor.sprite.flipped() if studio.catalogue.records[record].flip else actor.sprite,
    )
    objects = []
    for cx, cy, room in arrangement(number, studio):
        extent = room * studio.size * (studio.rng.uniform(0.9, 1.0) if studio.config.augment else 1.0)
        sprite = sprites[1 if studio.chance(0.25) else 0]
        objects.append(actor.seen(canvas.centred(sprite.fitted(extent, extent), cx, cy), "counted"))
    concept = f"{number} {studio.catalogue.records[record].concept}"
    return canvas.sample(counted(number, actor.words), concept, objects, "count")


_ARRANGEMENTS: dict[int, tuple[tuple[Place, ...], ...]] = {
    2: (((0.26, 0.5), (0.74, 0.5)), ((0.28, 0.3), (0.72, 0.7)), ((0.28, 0.7), (0.72, 0.3))),
    3: (((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)), ((0.27, 0.27), (0.73, 0.27), (0.5, 0.73))),
    4: (((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)),),
    5: (((0.2, 0.22), (0.8, 0.22), (0.5, 0.5), (0.2, 0.78), (0.8, 0.78)),),
}
_ROOM = {2: 0.44, 3: 0.42, 4: 0.42, 5: 0.33}


def arrangement(number: int, studio: Studio) -> list[tuple[float, float, float]]:
    """Centres in 0..1 and the side of the square each object may fill, such that no two meet."""
    if number == 3 and studio.chance(0.25):
        return [(x, 0.5, 0.3) for x in (0.17, 0.5, 0.83)]
    return [(x, y, _ROOM[number]) for x, y in studio.pick(_ARRANGEMENTS[number])]


def countable(words: str) -> bool:
    """Whether "three ..." can be said of a name."""
    return not (is_plural(words) or is_mass(words) or " and " in words)


_LEFT, _RIGHT, _TOP, _BOTTOM = (0.26, 0.5), (0.74, 0.5), (0.5, 0.25), (0.5, 0.75)
# Relation: where the first and the second object stand, the words between them, and whether the concept
# names the second one first, so that "a cat left of a dog" and "a dog right of a cat" are one concept.
_RELATIONS: dict[str, tuple[Place, Place, tuple[str, ...], str, bool]] = {
    "left": (_LEFT, _RIGHT, ("to the left of", "left of", "on the left of"), "left of", False),
    "right": (_RIGHT, _LEFT, ("to the right of", "right of", "on the right of"), "left of", True),
    "above": (_TOP, _BOTTOM, ("above", "over", "on top of"), "above", False),
    "below": (_BOTTOM, _TOP, ("below", "under", "beneath"), "above", True),
    "next": (_LEFT, _RIGHT, ("next to", "beside", "and"), "left of", False),
}
_RELATION_SHARES = (0.22, 0.22, 0.16, 0.16, 0.24)


def position(studio: Studio) -> Sample | None:
    """Two objects and where one is: "a cat to the left of a dog"."""
    records = two_records(studio)
    if records is None:
        return None
    relation = list(_RELATIONS)[int(studio.rng.choice(len(_RELATIONS), p=_RELATION_SHARES))]
    at_first, at_second, words, name, turned = _RELATIONS[relation]
    first, second = (studio.cast(record, 0.46) for record in records)
    canvas = Canvas(studio.size)
    room = studio.size * (studio.rng.uniform(0.4, 0.46) if studio.config.augment else 0.45)
    objects = (
        first.seen(canvas.centred(first.sprite.fitted(room, room), *at_first), relation),
        second.seen(canvas.centred(second.sprite.fitted(room, room), *at_second), "reference"),
    )
    caption = f"{spoken(studio, first)} {studio.pick(words)} {spoken(studio, second)}"
    upper, lower = (second, first) if turned else (first, second)
    return canvas.sample(caption, f"{named(studio, upper)} {name} {named(studio, lower)}", objects, "position")


def between(studio: Studio) -> Sample | None:
    """One object between two of another kind: "a fish between two cups"."""
    records = two_records(studio)
    if records is None:
        return None
    middle, side = (studio.cast(record, 0.31) for record in records)
    if not countable(side.words):
        return None
    canvas = Canvas(studio.size)
    room = studio.size * 0.31
    objects = [
        actor.seen(canvas.centred(actor.sprite.fitted(room, room), x, 0.5), role)
        for actor, x, role in ((middle, 0.5, "between"), (side, 0.17, "side"), (side, 0.83, "side"))
    ]
    caption = f"{spoken(studio, middle)} between {counted(2, side.words)}"
    return canvas.sample(caption, f"{named(studio, middle)} between 2 {named(studio, side)}", objects, "position")


def sizes(studio: Studio) -> Sample | None:
    """Two objects, one big and one small: "a big star and a small moon"."""
    records = two_records(studio)
    if records is None:
        return None
    big, small = studio.cast(records[0], 0.6), studio.cast(records[1], 0.28)
    if is_mass(big.words) or is_mass(small.words):
        return None
    canvas = Canvas(studio.size)
    extent, little = studio.size * studio.rng.uniform(0.6, 0.66), studio.size * studio.rng.uniform(0.22, 0.28)
    at_big, at_small = ((0.66, 0.5), (0.16, 0.62)) if studio.chance(0.5) else ((0.34, 0.5), (0.84, 0.62))
    objects = (
        big.seen(canvas.centred(big.sprite.fitted(extent, extent), *at_big), "big"),
        small.seen(canvas.centred(small.sprite.fitted(little, little), *at_small), "small"),
    )
    if area(objects[0].box) < 2.5 * area(objects[1].box):
        return None
    parts = [
        noun_phrase(f"{studio.pick(('big', 'large', 'huge'))} {big.words}"),
        noun_phrase(f"{studio.pick(('small', 'little', 'tiny'))} {small.words}"),
    ]
    caption = joined(parts if studio.chance(0.6) else parts[::-1])
    return canvas.sample(caption, f"big {named(studio, big)} small {named(studio, small)}", objects, "size")


def spoken(studio: Studio, actor: Actor) -> str:
    """The actor's words with their article."""
    return phrase(studio.catalogue.records[actor.record], studio.rng, name=actor.words)


def named(studio: Studio, actor: Actor) -> str:
    """The actor's concept, whatever word the caption has for it."""
    return studio.catalogue.records[actor.record].concept


def area(box: Box) -> float:
    """Share of the picture that a box covers."""
    return (box[2] - box[0]) * (box[3] - box[1])
