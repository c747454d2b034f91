"""Objects in a colour that the caption names: hue shifts, tinted silhouettes, two colours in one scene."""

from __future__ import annotations

import numpy as np

from ..captions import caption, spoken_name
from ..english import joined, noun_phrase
from .augment import augmented
from .canvas import Canvas
from .colour import HUES, TINTS, Colour, has_colour_word, hue_distance, recolour, tint, without_colour
from .sample import Sample
from .sprite import Pixels, Sprite, content_box, resize
from .studio import Actor, Studio

SHIFTABLE_SHARE = 0.62


def tinted(studio: Studio, record: int) -> Sample:
    """A silhouette in an exact colour: "a purple anchor"."""
    return _alone(studio, record, tint(whole(studio, record), colour := studio.pick(TINTS)), colour)


def recoloured(studio: Studio) -> Sample | None:
    """An object moved to another hue: "a purple apple"; None where its art has no one hue."""
    record = shiftable(studio)
    if record is None:
        return None
    hue, _ = studio.catalogue.hue(record)
    colour = other_colour(studio, hue)
    return _alone(studio, record, recolour(whole(studio, record), hue, colour), colour)


def colours(studio: Studio) -> Sample | None:
    """Two objects with a colour each: "a red car and a blue ball"."""
    first, second = coloured(studio, 0.45), coloured(studio, 0.45)
    if first is None or second is None or first.words == second.words or first.colour == second.colour:
        return None
    canvas = Canvas(studio.size)
    room = studio.size * 0.45
    objects = [
        actor.seen(canvas.centred(actor.sprite.fitted(room, room), x, 0.5), role)
        for actor, x, role in ((first, 0.26, "left"), (second, 0.74, "right"))
    ]
    parts = [f"{actor.colour} {actor.words}" for actor in (first, second)]
    return canvas.sample(joined([noun_phrase(p) for p in parts]), " and ".join(parts), objects, "colour")


def whole(studio: Studio, record: int) -> Pixels:
    """The record's whole picture at [size,size,4]."""
    store = studio.catalogue.store
    stored = store.small(record) if studio.size <= 64 else store.picture(record)
    return resize(stored, studio.size, studio.size)


def shiftable(studio: Studio) -> int | None:
    """An object whose art has one hue, so that it can take another; None where this draw has none."""
    if not studio.catalogue.shiftable:
        return None
    record = studio.catalogue.shiftable.draw(studio.rng)
    _, share = studio.catalogue.hue(record)
    return record if share >= SHIFTABLE_SHARE else None


def other_colour(studio: Studio, hue: float) -> Colour:
    """A colour word whose hue is far from what the object already has."""
    far = [c for c in HUES if abs(float(hue_distance(np.array(c.hue, dtype=np.float64), hue))) > 24]
    return studio.pick(far)


def coloured(studio: Studio, extent: float) -> Actor | None:
    """An object moved to a named hue, or a tinted silhouette; None where its art has no one hue."""
    if studio.catalogue.tintable and studio.chance(0.3):
        record = studio.catalogue.tintable.draw(studio.rng)
        colour = studio.pick(HUES)
        pixels = tint(studio.cast(record, extent).sprite.pixels, colour)
    else:
        found = shiftable(studio)
        if found is None:
            return None
        record, hue = found, studio.catalogue.hue(found)[0]
        colour = other_colour(studio, hue)
        pixels = recolour(studio.cast(record, extent).sprite.pixels, hue, colour)
    return Actor(record=record, words=uncoloured(studio, record), sprite=Sprite(pixels=pixels), colour=colour.name)


def uncoloured(studio: Studio, record: int) -> str:
    """The record's name without colour words: "red apple" to "apple"."""
    name = spoken_name(studio.catalogue.records[record])
    return without_colour(name) if has_colour_word(name) else name


def _alone(studio: Studio, record: int, picture: Pixels, colour: Colour) -> Sample:
    """The sample of one object in a colour that its caption names."""
    info = studio.catalogue.records[record]
    name = uncoloured(studio, record)
    canvas = Canvas(studio.size)
    canvas.pixels = augmented(picture, studio, flip=info.flip)
    actor = Actor(record=record, words=name, sprite=Sprite(pixels=picture), colour=colour.name)
    words = caption(
        info, studio.rng, style=studio.config.style_in_caption, name=f"{colour.name} {name}", keywords=False
    )
    box = canvas.box(*content_box(canvas.pixels))
    return canvas.sample(words, f"{colour.name} {name}", [actor.seen(box, "main")], "colour")
