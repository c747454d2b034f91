"""Real pictures of what prompts ask for, composed of the art of a data set; boxes and colours are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from sfumato.errors import InputError
from sfumato_train.data.scenes.canvas import Canvas
from sfumato_train.data.scenes.catalogue import Catalogue, catalogue_of
from sfumato_train.data.scenes.colour import BY_NAME, recolour
from sfumato_train.data.scenes.layouts import arrangement
from sfumato_train.data.scenes.recolouring import SHIFTABLE_SHARE
from sfumato_train.data.scenes.sample import Sample, SceneObject
from sfumato_train.data.scenes.sprite import Pixels, Sprite, crop, resize
from sfumato_train.data.scenes.studio import Actor, Studio
from sfumato_train.data.store import PictureStore

from .vocabulary import Thing
from .wanted import COLOURS, Choices, Part, Wanted

Place = tuple[float, float]
CROWDS = (0.25, 0.25, 0.2, 0.18, 0.12)

_PLACES: dict[str | None, tuple[tuple[Place, Place], ...]] = {
    "left": (((0.26, 0.5), (0.74, 0.5)),),
    "right": (((0.74, 0.5), (0.26, 0.5)),),
    "above": (((0.5, 0.26), (0.5, 0.74)),),
    "below": (((0.5, 0.74), (0.5, 0.26)),),
    None: (
        ((0.26, 0.5), (0.74, 0.5)),
        ((0.74, 0.5), (0.26, 0.5)),
        ((0.27, 0.3), (0.73, 0.7)),
        ((0.73, 0.3), (0.27, 0.7)),
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Troupe:
    """The pictures of a vocabulary in some splits of a data set: `members[k]` are the records of thing k."""

    catalogue: Catalogue
    things: tuple[Thing, ...]
    members: tuple[tuple[int, ...], ...]

    @cached_property
    def coloured(self) -> tuple[tuple[int, ...], ...]:
        """Of the members those whose art has one hue, so that it can take another."""
        return tuple(tuple(i for i in part if self.catalogue.hue(i)[1] >= SHIFTABLE_SHARE) for part in self.members)

    @cached_property
    def kinds(self) -> dict[str, int]:
        """The number of the thing that a concept shows."""
        return {concept: k for k, thing in enumerate(self.things) for concept in thing.concepts}

    @cached_property
    def choices(self) -> Choices:
        """What can be staged."""
        return Choices(
            things=tuple(thing.name for thing in self.things),
            shown=tuple(k for k, part in enumerate(self.members) if part),
            coloured=tuple(k for k, part in enumerate(self.coloured) if part),
        )


def troupe_of(store: PictureStore, things: Sequence[Thing], splits: Sequence[str]) -> Troupe:
    """The plain pictures of the things in the splits; splits without pictures add none."""
    catalogues = [catalogue_of(store, split) for split in splits if _has(store, split)]
    catalogue = catalogues[0] if catalogues else catalogue_of(store, splits[0])
    members = tuple(tuple(i for one in catalogues for i in one.pool(thing.concepts).members) for thing in things)
    return Troupe(catalogue=catalogue, things=tuple(things), members=members)


def stage(studio: Studio, troupe: Troupe, wanted: Wanted) -> Sample:
    """A picture [size,size,4] premultiplied that shows just what is wanted, on transparency."""
    canvas = Canvas(studio.size)
    objects: list[SceneObject] = []
    for part, places in zip(wanted.parts, _places(studio, wanted), strict=True):
        actor = _actor(studio, troupe, part, places[0][2])
        for cx, cy, room in places:
            objects.append(_placed(studio, canvas, actor, (cx, cy), room * studio.size))
    text = wanted.text(troupe.choices.things)
    return canvas.sample(text, text, objects, wanted.task)


def crowd(studio: Studio, troupe: Troupe) -> Sample:
    """One to five things of any kinds and colours side by side: there is more to learn from it than from a task."""
    canvas = Canvas(studio.size)
    objects: list[SceneObject] = []
    for cx, cy, room in _room(studio, int(studio.rng.choice(5, p=CROWDS)) + 1):
        thing = studio.pick(troupe.choices.shown)
        colour = studio.pick(COLOURS) if troupe.coloured[thing] and studio.chance(0.5) else None
        actor = _actor(studio, troupe, Part(thing=thing, colour=colour), room)
        objects.append(_placed(studio, canvas, actor, (cx, cy), room * studio.size))
    return canvas.sample("things", "things", objects, "crowd")


def _has(store: PictureStore, split: str) -> bool:
    try:
        catalogue_of(store, split)
    except InputError:
        return False
    return True


def _places(studio: Studio, wanted: Wanted) -> list[list[tuple[float, float, float]]]:
    """Of each part the centres and the sides of the squares that its objects may fill, in 0..1."""
    if len(wanted.parts) == 2:
        first, second = studio.pick(_PLACES[wanted.relation])
        return [[(*first, 0.46)], [(*second, 0.46)]]
    return [_room(studio, wanted.parts[0].count)]


def _room(studio: Studio, count: int) -> list[tuple[float, float, float]]:
    return arrangement(count, studio) if count > 1 else [(0.5, 0.5, 0.94)]


def _placed(studio: Studio, canvas: Canvas, actor: Actor, place: Place, room: float) -> SceneObject:
    varied = studio.config.augment
    extent = room * (studio.rng.uniform(0.72, 1.0) if varied else 0.95)
    sprite = actor.sprite.fitted(extent, extent, enlarge=1.6)
    shift = (room - np.array([sprite.width, sprite.height])) / 2 / studio.size if varied else np.zeros(2)
    dx, dy = (studio.rng.uniform(-1, 1, 2) * np.maximum(shift, 0)).tolist()
    return actor.seen(canvas.centred(sprite, place[0] + dx, place[1] + dy), "main")


def _actor(studio: Studio, troupe: Troupe, part: Part, extent: float) -> Actor:
    members = (troupe.members if part.colour is None else troupe.coloured)[part.thing]
    record = studio.pick(members)
    actor = studio.cast(record, extent, words=troupe.things[part.thing].name)
    pixels = actor.sprite.pixels
    if part.colour is not None:
        pixels = recolour(pixels, troupe.catalogue.hue(record)[0], BY_NAME[part.colour])
    if studio.config.augment:
        pixels = turned(pixels, studio)
    return Actor(record=record, words=actor.words, sprite=Sprite(pixels=pixels), colour=part.colour)


def turned(pixels: Pixels, studio: Studio) -> Pixels:
    """The sprite leaning by up to 15 degrees and up to 18 % wider or narrower, by chance."""
    if studio.chance(0.5):
        stretch = float(np.exp(studio.rng.uniform(-0.17, 0.17)))
        pixels = resize(np.ascontiguousarray(pixels), max(1, round(pixels.shape[1] * stretch)), pixels.shape[0])
    if studio.chance(0.5):
        image = Image.frombytes("RGBX", (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).tobytes())
        leaning = image.rotate(studio.rng.uniform(-15, 15), Image.Resampling.BICUBIC, expand=True)
        pixels = np.array(leaning)
        np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
        pixels = crop(pixels).pixels
    return pixels
