"""Colours in captions are the colours in pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sfumato_train.data.pixels import unpremultiply
from sfumato_train.data.scenes.colour import BY_NAME, HUES, dominant_hue, hue_distance
from sfumato_train.data.scenes.recolouring import (
    SHIFTABLE_SHARE,
    colours,
    other_colour,
    recoloured,
    shiftable,
    tinted,
    uncoloured,
)
from sfumato_train.data.scenes.studio import Studio
from support.cast_store import SILHOUETTES

Make = Callable[..., Studio]


def record(studio: Studio, name: str) -> int:
    return next(int(i) for i in studio.catalogue.indices.tolist() if studio.catalogue.records[i].name == name)


def measured(picture: np.ndarray, box: tuple[float, ...]) -> float:
    """Dominant hue within a box of a picture."""
    size = picture.shape[0]
    x0, y0, x1, y1 = (round(v * size) for v in box)
    return dominant_hue(picture[y0:y1, x0:x1])[0]


def test_recoloured_objects_show_the_named_hue(studio: Make) -> None:
    found = 0
    for seed in range(80):
        sample = recoloured(studio(seed))
        if sample is None:
            continue
        found += 1
        item = sample.objects[0]
        assert item.colour is not None
        assert f"{item.colour} {item.name}" in sample.caption
        assert sample.concept == f"{item.colour} {item.name}"
        assert abs(float(hue_distance(np.array(measured(sample.picture, item.box)), BY_NAME[item.colour].hue))) < 14
        assert (sample.picture[..., :3] <= sample.picture[..., 3:]).all()
    assert found > 30


def test_both_colours_of_a_pair_are_shown(studio: Make) -> None:
    found = 0
    for seed in range(150):
        sample = colours(studio(seed))
        if sample is None:
            continue
        found += 1
        for item in sample.objects:
            assert item.colour is not None
            assert f"{item.colour} {item.name}" in sample.caption
            assert abs(float(hue_distance(np.array(measured(sample.picture, item.box)), BY_NAME[item.colour].hue))) < 14
        assert len({item.colour for item in sample.objects}) == 2
    assert found > 20


def test_a_tinted_silhouette_is_exactly_its_colour(studio: Make) -> None:
    for seed in range(30):
        at_work = studio(seed, augment=False)
        sample = tinted(at_work, record(at_work, SILHOUETTES[0]))
        colour = BY_NAME[sample.objects[0].colour or ""]
        assert f"{colour.name} {SILHOUETTES[0]}" in sample.caption
        opaque = sample.picture[sample.picture[..., 3] == 255]
        np.testing.assert_array_equal(unpremultiply(opaque[None])[0, :, :3], np.tile(colour.rgb, (len(opaque), 1)))


def test_old_colour_words_are_dropped(studio: Make) -> None:
    at_work = studio(0)
    assert uncoloured(at_work, record(at_work, "red apple")) == "apple"
    assert uncoloured(at_work, record(at_work, "lemon")) == "lemon"


def test_the_new_colour_is_another_one(studio: Make) -> None:
    at_work = studio(3)
    for hue in range(0, 360, 15):
        assert abs(float(hue_distance(np.array(other_colour(at_work, hue).hue), hue))) > 24
    assert {other_colour(at_work, 120).name for _ in range(200)} == {c.name for c in HUES} - {"green"}


def test_only_art_of_one_hue_is_shifted(studio: Make) -> None:
    for seed in range(60):
        at_work = studio(seed)
        found = shiftable(at_work)
        if found is not None:
            assert at_work.catalogue.hue(found)[1] >= SHIFTABLE_SHARE
            assert at_work.catalogue.records[found].category not in {"people & body", "flags"}
