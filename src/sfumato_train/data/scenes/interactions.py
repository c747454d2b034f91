"""Scenes in which one thing does something with another: holding, wearing, riding, sitting in and on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from ..english import noun_phrase
from .canvas import Canvas
from .catalogue import Pool
from .roles import ACTORS, EYEWEAR, FACES, HATS, PROPS, SEATS, SWIMMERS
from .sample import Sample
from .sprite import Sprite, crop
from .studio import Actor, Studio

_FRONTAL = 0.86


def choose(studio: Studio, concepts: Iterable[str], style: str | None = None) -> int | None:
    """A record of one of the concepts, of the style where there is one; None where the data has none."""
    pool: Pool = studio.catalogue.pool(tuple(concepts))
    return pool.draw(studio.rng, style, least=1) if pool else None


def pair(studio: Studio, first: Iterable[str], second: Iterable[str]) -> tuple[int, int] | None:
    """A record for each of two parts, of different concepts and mostly of one style."""
    a = choose(studio, first)
    if a is None:
        return None
    records = studio.catalogue.records
    b = choose(studio, second, records[a].style if studio.chance(0.92) else None)
    return None if b is None or records[a].concept == records[b].concept else (a, b)


def holding(studio: Studio) -> Sample | None:
    """An actor with a thing in front of or beside it: "a panda holding a balloon"."""
    records = pair(studio, ACTORS, PROPS)
    if records is None:
        return None
    concept = studio.catalogue.records[records[1]].concept
    prop = PROPS[concept]
    actor = _actor(studio, records[0], 0.68)
    thing = studio.cast(records[1], 0.5, words=prop.spoken)
    mirror = studio.chance(0.5)
    canvas = Canvas(studio.size)
    body = actor.sprite.fitted(0.68 * studio.size, 0.74 * studio.size)
    centre = 0.5 + (0.0 if prop.at[0] == 0.5 else (0.1 if mirror else -0.1))
    box = canvas.standing(body, centre, 0.95)
    extent = prop.extent * max(box[2] - box[0], box[3] - box[1]) * studio.size
    at = 1 - prop.at[0] if mirror else prop.at[0]
    held = canvas.centred(
        thing.sprite.fitted(extent, extent),
        min(
            0.97 - extent / studio.size / 2,
            max(0.03 + extent / studio.size / 2, box[0] + at * (box[2] - box[0])),
        ),
        max(0.02 + extent / studio.size / 2, box[1] + prop.at[1] * (box[3] - box[1])),
    )
    verb = studio.pick(prop.verbs)
    caption = f"{noun_phrase(actor.words)} {verb} {noun_phrase(thing.words)}"
    objects = [actor.seen(box, "actor"), thing.seen(held, "held")]
    return canvas.sample(caption, f"{actor.words} holding {thing.words}", objects, "interaction")


def wearing_hat(studio: Studio) -> Sample | None:
    """A face with a hat on its crown: "a dog wearing a top hat"."""
    records = pair(studio, FACES, HATS)
    if records is None:
        return None
    head = studio.catalogue.head(records[0])
    spoken, width, overlap = HATS[studio.catalogue.records[records[1]].concept]
    if head.symmetry < _FRONTAL or head.crown > 0.4:
        return None
    face = studio.cast(records[0], 0.64, words=FACES[studio.catalogue.records[records[0]].concept])
    hat = studio.cast(records[1], 0.5, words=spoken)
    canvas = Canvas(studio.size)
    box = canvas.standing(face.sprite.fitted(0.68 * studio.size, 0.64 * studio.size), 0.5, 0.96)
    across, down = box[2] - box[0], box[3] - box[1]
    crown = box[1] + head.crown * down
    room = max(0.1, crown - 0.02)
    top = hat.sprite.fitted(width * head.width * across * studio.size, room / (1 - overlap) * studio.size)
    bottom = crown + overlap * top.height / studio.size
    worn = canvas.standing(top, 0.5, bottom)
    caption = f"{noun_phrase(face.words)} {studio.pick(('wearing', 'with', 'in'))} {noun_phrase(spoken)}"
    objects = [face.seen(box, "actor"), hat.seen(worn, "worn")]
    return canvas.sample(caption, f"{face.words} wearing {spoken}", objects, "interaction")


def wearing_glasses(studio: Studio) -> Sample | None:
    """A face with glasses before its eyes: "a cat wearing sunglasses"."""
    records = pair(studio, FACES, EYEWEAR)
    if records is None:
        return None
    head = studio.catalogue.head(records[0])
    spoken, width = EYEWEAR[studio.catalogue.records[records[1]].concept]
    if head.symmetry < _FRONTAL:
        return None
    face = studio.cast(records[0], 0.88, words=FACES[studio.catalogue.records[records[0]].concept])
    glasses = studio.cast(records[1], 0.6, words=spoken)
    canvas = Canvas(studio.size)
    extent = studio.size * studio.rng.uniform(0.8, 0.92)
    box = canvas.centred(face.sprite.fitted(extent, extent), 0.5, 0.5)
    across, down = (box[2] - box[0]) * studio.size, box[3] - box[1]
    wide = min(width * head.width, max(0.5, 2.1 * head.spread)) * across
    worn = canvas.centred(glasses.sprite.fitted(wide, wide), 0.5, box[1] + head.eyes * down)
    caption = f"{noun_phrase(face.words)} {studio.pick(('wearing', 'with', 'in'))} {spoken}"
    objects = [face.seen(box, "actor"), glasses.seen(worn, "worn")]
    return canvas.sample(caption, f"{face.words} wearing {spoken}", objects, "interaction")


def riding(studio: Studio) -> Sample | None:
    """An actor on or in a thing: "a cat riding a skateboard", "a dog in a bathtub"."""
    records = pair(studio, ACTORS, SEATS)
    if records is None:
        return None
    seat = SEATS[studio.catalogue.records[records[1]].concept]
    actor = _actor(studio, records[0], seat.actor)
    thing = studio.cast(records[1], seat.width, words=seat.spoken)
    below = (levelled(thing.sprite) if seat.level else thing.sprite).fitted(
        seat.width * studio.size, 0.52 * studio.size
    )
    above = actor.sprite.fitted(seat.actor * studio.size, seat.actor * studio.size)
    lap = min(seat.share * below.height, 0.75 * above.height)
    total = below.height + above.height - lap
    bottom = min(0.97, 0.5 + total / studio.size / 2)
    canvas, upper = Canvas(studio.size), bottom - (below.height - lap) / studio.size
    if seat.hides:
        box = canvas.standing(above, 0.5, upper)
        on = canvas.standing(below, 0.5, bottom)
    else:
        on = canvas.standing(below, 0.5, bottom)
        box = canvas.standing(above, 0.5, upper)
    caption = f"{noun_phrase(actor.words)} {studio.pick(seat.verbs)} {noun_phrase(seat.spoken)}"
    objects = [actor.seen(box, "actor"), thing.seen(on, "seat")]
    return canvas.sample(caption, f"{actor.words} on {seat.spoken}", objects, "interaction")


def in_bowl(studio: Studio) -> Sample | None:
    """A swimmer in a glass bowl drawn by code: "a fish in a bowl"."""
    record = choose(studio, SWIMMERS)
    if record is None:
        return None
    swimmer = studio.cast(record, 0.44, words=SWIMMERS[studio.catalogue.records[record].concept])
    canvas = Canvas(studio.size)
    extent = 0.42 * studio.size
    canvas.pixels[...] = glass_bowl(studio.size)
    box = canvas.centred(swimmer.sprite.fitted(extent, extent), 0.5, 0.62)
    bowl = Actor(record=-1, words="bowl", sprite=swimmer.sprite)
    objects = [swimmer.seen(box, "actor"), bowl.seen((0.08, 0.14, 0.92, 0.96), "seat")]
    where = studio.pick(("in a bowl", "in a glass bowl", "in a fishbowl", "swimming in a bowl"))
    return canvas.sample(f"{noun_phrase(swimmer.words)} {where}", f"{swimmer.words} in bowl", objects, "interaction")


def glass_bowl(size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A round bowl of water, [size,size,4] premultiplied: glass, water, rim, a highlight."""
    x, y = (np.mgrid[0:size, 0:size][::-1] + 0.5) / size
    radius = np.sqrt((x - 0.5) ** 2 + (y - 0.55) ** 2)
    inside = np.clip((0.42 - radius) * size + 0.5, 0, 1) * np.clip((y - 0.2) * size + 0.5, 0, 1)
    edge = inside * np.clip((radius - 0.395) * size + 0.5, 0, 1)
    water = inside * np.clip((y - 0.32) * size + 0.5, 0, 1)
    rim = np.clip((0.018 - np.abs(y - 0.2)) * size + 0.5, 0, 1) * np.clip((0.26 - np.abs(x - 0.5)) * size + 0.5, 0, 1)
    shine = np.clip((0.05 - np.sqrt((x - 0.3) ** 2 + ((y - 0.42) / 1.8) ** 2)) * size + 0.5, 0, 1)
    bowl = np.zeros((size, size, 4))
    for coverage, colour, opacity in (
        (inside, (205, 232, 245), 0.55),
        (water, (96, 176, 232), 0.9),
        (shine, (235, 248, 255), 0.8),
        (np.maximum(edge, rim), (150, 200, 225), 1.0),
    ):
        alpha = (coverage * opacity)[..., None]
        bowl = bowl * (1 - alpha) + alpha * np.array((*colour, 255))
    rounded = np.round(bowl).astype(np.uint8)
    np.minimum(rounded[..., :3], rounded[..., 3:], out=rounded[..., :3])
    return rounded


def levelled(sprite: Sprite) -> Sprite:
    """The sprite turned so that its long axis lies level (principal axis of its silhouette)."""
    y, x = np.nonzero(sprite.pixels[..., 3] > 128)
    if len(x) < 8:
        return sprite
    covariance = np.cov(np.stack([x, y]).astype(np.float64))
    angle = 0.5 * np.arctan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])
    side = int(np.ceil(np.hypot(sprite.width, sprite.height)))
    padded = np.zeros((side, side, 4), dtype=np.uint8)
    top, left = (side - sprite.height) // 2, (side - sprite.width) // 2
    padded[top : top + sprite.height, left : left + sprite.width] = sprite.pixels
    image = Image.frombytes("RGBX", (side, side), padded.tobytes())
    turned = np.array(image.rotate(float(np.rad2deg(angle)), Image.Resampling.BILINEAR))
    return crop(np.minimum(turned, turned[..., 3:]))


def _actor(studio: Studio, record: int, extent: float) -> Actor:
    return studio.cast(record, extent, words=ACTORS[studio.catalogue.records[record].concept])
