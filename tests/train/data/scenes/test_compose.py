"""Which samples are drawn: kinds, held-out compositions, surroundings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from sfumato_train.data.scenes.compose import compose, is_held_out, scene
from sfumato_train.data.scenes.sample import Sample, SceneObject
from sfumato_train.data.scenes.single import single
from sfumato_train.data.scenes.studio import Studio
from sfumato_train.data.scenes.surroundings import shrunk, surrounded

Make = Callable[..., Studio]


def test_all_kinds_come_up(studio: Make) -> None:
    kinds = Counter(compose(studio(seed), None).kind for seed in range(300))
    assert set(kinds) == {"single", "background", "count", "position", "size", "colour", "interaction"}
    assert 0.4 < (kinds["single"] + kinds["background"]) / 300 < 0.75


def test_a_given_record_is_shown_alone(studio: Make) -> None:
    at_work = studio(0)
    index = next(i for i, r in enumerate(at_work.catalogue.records) if r.name == "lemon")
    for seed in range(30):
        sample = compose(studio(seed, scene_fraction=1.0), index)
        assert sample.record == index
        assert sample.concept == "lemon"
        assert len(sample.objects) == 1


def test_training_never_shows_a_held_out_composition(studio: Make) -> None:
    for seed in range(200):
        sample = scene(studio(seed))
        assert not (len(sample.objects) > 1 and is_held_out(sample.concept))


def test_the_held_out_split_shows_nothing_else(studio: Make) -> None:
    for seed in range(5):
        sample = scene(studio(seed, split="heldout_scene"))
        assert is_held_out(sample.concept)


def test_four_in_a_hundred_compositions_are_held_out() -> None:
    share = np.mean([is_held_out(f"cat holding {i}") for i in range(10_000)])
    assert share == pytest.approx(0.04, abs=0.008)


def test_style_is_named_in_some_scenes_only_if_shared(studio: Make) -> None:
    named = 0
    for seed in range(120):
        at_work = studio(seed, style_in_caption=1.0, background_fraction=0.0)
        sample = scene(at_work)
        styles = {at_work.catalogue.records[o.record].style for o in sample.objects if o.record >= 0}
        if len(styles) == 1:
            assert styles.pop() in sample.caption
            named += 1
        else:
            assert not any(style in sample.caption for style in styles)
    assert named > 60


def sample_of(size: int = 64) -> Sample:
    picture = np.zeros((size, size, 4), dtype=np.uint8)
    picture[size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = (200, 30, 30, 255)
    item = SceneObject(record=0, name="lemon", box=(0.25, 0.25, 0.75, 0.75))
    return Sample(picture=picture, caption="a lemon", concept="lemon", record=0, objects=(item,), kind="single")


def test_surroundings_are_named_and_boxes_follow(studio: Make) -> None:
    """The red square is found in every surrounding where its box says."""
    seen = Counter[str]()
    for seed in range(400):
        sample = surrounded(studio(seed, background_fraction=0.5), sample_of())
        assert sample.caption.startswith(("a lemon", "a sticker of a lemon"))
        x0, y0, x1, y1 = (v * 64 for v in sample.objects[0].box)
        red = (np.abs(sample.picture[..., :3].astype(int) - (200, 30, 30)).max(axis=-1) < 6) & (
            sample.picture[..., 3] == 255
        )
        centre = red[round(y0) + 3 : round(y1) - 3, round(x0) + 3 : round(x1) - 3]
        assert centre.size > 0
        assert centre.all(), sample.caption
        opaque = bool((sample.picture[..., 3] == 255).all())
        assert opaque == (sample.kind == "background")
        seen["opaque" if opaque else sample.caption] += 1
    assert seen["opaque"] == pytest.approx(200, abs=50)
    assert any("white" in caption for caption in seen)
    assert any("shadow" in caption for caption in seen)
    assert any("transparent" in caption for caption in seen)


def test_signs_and_flags_stand_in_no_landscape(studio: Make) -> None:
    for name in ("up arrow", "flag of japan"):
        for seed in range(60):
            at_work = studio(seed, background_fraction=1.0)
            index = next(i for i, r in enumerate(at_work.catalogue.records) if r.name == name)
            assert compose(at_work, index).caption.endswith(" background")


def test_shrinking_maps_boxes(studio: Make) -> None:
    box = shrunk(sample_of(), 0.5, 0.1, 0.2).objects[0].box
    np.testing.assert_allclose(box, (0.225, 0.325, 0.475, 0.575))


def test_silhouettes_come_in_colours_mostly(studio: Make) -> None:
    index = next(i for i, r in enumerate(studio(0).catalogue.records) if r.tintable)
    coloured = [single(studio(seed), index).kind == "colour" for seed in range(200)]
    assert 0.7 < np.mean(coloured) < 0.9
