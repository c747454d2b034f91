"""Pictures of one record: as it is, moved and mirrored, on a background, recoloured or tinted."""

from __future__ import annotations

import numpy as np

from ..captions import caption, spoken_name
from .augment import breathe, move
from .backgrounds import draw_background
from .canvas import Canvas
from .catalogue import Catalogue
from .colour import HUES, TINTS, Colour, has_colour_word, hue_distance, recolour, tint, without_colour
from .sample import Sample, SceneObject, StreamConfig
from .sprite import Pixels, content_box, resize

SHIFTABLE_SHARE = 0.62


def single(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig, record: int) -> Sample:
    """One record with its caption; silhouettes come in a colour mostly."""
    info = catalogue.records[record]
    if info.tintable and rng.random() < 0.8:
        return tinted(catalogue, rng, config, record)
    picture = augmented(base(catalogue, record, config.size), rng, config, flip=info.flip)
    words = caption(info, rng, style=config.style_in_caption)
    return finish(catalogue, rng, config, picture, words, record, concept=info.concept)


def base(catalogue: Catalogue, record: int, size: int) -> Pixels:
    """The record's whole picture at [size,size,4]."""
    stored = catalogue.store.small(record) if size <= 64 else catalogue.store.picture(record)
    return resize(stored, size, size)


def augmented(picture: Pixels, rng: np.random.Generator, config: StreamConfig, *, flip: bool) -> Pixels:
    """The picture after the small changes, if the configuration wants them."""
    if not config.augment:
        return picture
    if flip and rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
    if rng.random() < 0.75:
        picture = move(picture, config.size, rng)
    return breathe(picture, rng) if rng.random() < 0.5 else picture


def tinted(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig, record: int) -> Sample:
    """A silhouette in an exact colour: "a purple anchor"."""
    info = catalogue.records[record]
    colour = TINTS[int(rng.integers(len(TINTS)))]
    picture = tint(base(catalogue, record, config.size), colour)
    picture = augmented(picture, rng, StreamConfig(size=config.size, augment=config.augment), flip=info.flip)
    return coloured_sample(catalogue, rng, config, picture, record, colour)


def recoloured(
    catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig, record: int
) -> Sample | None:
    """An object moved to another hue: "a purple apple"; None where its art has no one hue."""
    info = catalogue.records[record]
    hue, share = catalogue.hue(record)
    if share < SHIFTABLE_SHARE or info.category == "flags":
        return None
    colour = other_colour(rng, hue)
    picture = recolour(base(catalogue, record, config.size), hue, colour)
    picture = augmented(picture, rng, config, flip=info.flip)
    return coloured_sample(catalogue, rng, config, picture, record, colour)


def other_colour(rng: np.random.Generator, hue: float) -> Colour:
    """A colour word whose hue is far from what the object already has."""
    far = [c for c in HUES if abs(float(hue_distance(np.array(c.hue, dtype=np.float64), hue))) > 24]
    return far[int(rng.integers(len(far)))]


def coloured_sample(
    catalogue: Catalogue,
    rng: np.random.Generator,
    config: StreamConfig,
    picture: Pixels,
    record: int,
    colour: Colour,
) -> Sample:
    """The sample of an object in a colour that its caption names."""
    info = catalogue.records[record]
    name = without_colour(spoken_name(info)) if has_colour_word(info.name) else spoken_name(info)
    named = f"{colour.name} {name}"
    words = caption(info, rng, style=config.style_in_caption, name=named, keywords=False)
    return finish(
        catalogue, rng, config, picture, words, record, concept=named, kind="colour", colour=colour.name
    )


def finish(
    catalogue: Catalogue,
    rng: np.random.Generator,
    config: StreamConfig,
    picture: Pixels,
    words: str,
    record: int,
    *,
    concept: str,
    kind: str = "single",
    colour: str | None = None,
) -> Sample:
    """Box the object, put a background behind some, and make the sample."""
    canvas = Canvas(config.size)
    canvas.pixels = picture
    box = canvas.box(*content_box(picture))
    if rng.random() < config.background_fraction:
        background = draw_background(config.size, rng)
        canvas.under(background.pixels)
        words = f"{words} {background.words}"
        kind = "background" if kind == "single" else kind
    elif rng.random() < 0.04:
        words += ", transparent background"
    item = SceneObject(record=record, name=catalogue.records[record].name, box=box, colour=colour)
    return Sample(
        picture=canvas.pixels, caption=words, concept=concept, record=record, objects=(item,), kind=kind
    )
