"""Staged pictures show what was wanted, where it was wanted, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.data.scenes.colour import BY_NAME, dominant_hue, hue_distance
from sfumato_train.data.scenes.sample import Sample, StreamConfig
from sfumato_train.data.scenes.studio import Studio
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.composition.prompts import shared, staged, troupes, wanted_of
from sfumato_train.evals.composition.rules import Found, obeys
from sfumato_train.evals.composition.staging import Troupe, crowd, stage, troupe_of, turned
from sfumato_train.evals.composition.vocabulary import vocabulary_of
from sfumato_train.evals.composition.wanted import TASKS, Part, Wanted, contrary

THINGS = vocabulary_of("ball = red ball, box = green box + blue box, kite = red kite, nothing = unicorn")


@pytest.fixture(scope="module")
def coloured_store(tiny_store: Path) -> PictureStore:
    return PictureStore(tiny_store)


@pytest.fixture(scope="module")
def troupe(coloured_store: PictureStore) -> Troupe:
    return troupe_of(coloured_store, THINGS, ("train",))


def studio(troupe: Troupe, seed: int, *, augment: bool = True) -> Studio:
    config = StreamConfig(augment=augment)
    return Studio(catalogue=troupe.catalogue, rng=np.random.default_rng(seed), config=config)


def as_found(sample: Sample, troupe: Troupe) -> list[Found]:
    """What a judge that makes no mistakes sees."""
    records = troupe.catalogue.records
    return [
        Found(kind=troupe.kinds[records[one.record].concept], score=1.0, box=one.box, colour=one.colour or "none")
        for one in sample.objects
    ]


def test_a_troupe_knows_who_plays_what(troupe: Troupe) -> None:
    concepts = [{troupe.catalogue.records[i].concept for i in members} for members in troupe.members]
    assert concepts == [{"red ball"}, {"green box", "blue box"}, {"red kite"}, set()]
    assert troupe.choices.shown == (0, 1, 2)
    assert troupe.kinds["blue box"] == 1
    assert troupe.choices.coloured == (0, 1, 2), "flat shapes have one hue"


def test_splits_without_pictures_add_nothing(coloured_store: PictureStore) -> None:
    both = troupe_of(coloured_store, THINGS, ("heldout_style", "train"))
    assert both.members == troupe_of(coloured_store, THINGS, ("train",)).members


@pytest.mark.parametrize("task", list(TASKS))
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_staged_pictures_obey_and_do_not_obey_the_contrary(troupe: Troupe, task: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = TASKS[task](troupe.choices, rng)
    sample = stage(studio(troupe, seed), troupe, wanted)
    assert sample.picture.shape == (64, 64, 4)
    assert (sample.picture[..., :3] <= sample.picture[..., 3:]).all()
    assert obeys(wanted, as_found(sample, troupe))
    assert not obeys(contrary(wanted, troupe.choices, rng), as_found(sample, troupe))


def test_the_caption_is_the_prompt(troupe: Troupe) -> None:
    wanted = Wanted(task="two", parts=(Part(thing=0), Part(thing=2)))
    assert stage(studio(troupe, 0), troupe, wanted).caption == "a ball and a kite"


@pytest.mark.parametrize("colour", ["red", "green", "blue", "purple"])
def test_a_named_colour_is_the_colour_of_the_pixels(troupe: Troupe, colour: str) -> None:
    wanted = Wanted(task="colours", parts=(Part(thing=0, colour=colour),))
    picture = stage(studio(troupe, 1, augment=False), troupe, wanted).picture
    hue, share = dominant_hue(picture)
    assert abs(hue_distance(np.array(hue), BY_NAME[colour].hue)) < 12
    assert share > 0.6


def test_objects_lie_in_their_boxes_and_apart(troupe: Troupe) -> None:
    for seed in range(20):
        wanted = Wanted(task="counting", parts=(Part(thing=0, count=2 + seed % 4),))
        sample = stage(studio(troupe, seed), troupe, wanted)
        left = sample.picture.copy()
        for one in sample.objects:
            x0, y0, x1, y1 = (round(64 * v) for v in one.box)
            assert sample.picture[y0:y1, x0:x1, 3].max() > 200
            left[y0:y1, x0:x1] = 0
        assert left.max() == 0, "nothing is drawn beside the boxes"


def test_crowds_are_of_many_sizes_and_kinds(troupe: Troupe) -> None:
    samples = [crowd(studio(troupe, seed), troupe) for seed in range(60)]
    assert {len(sample.objects) for sample in samples} == {1, 2, 3, 4, 5}
    kinds = {tuple(sorted({one.kind for one in as_found(sample, troupe)})) for sample in samples}
    assert (0, 1, 2) in kinds
    assert any(one.colour for sample in samples for one in sample.objects)


def test_leaning_art_stays_premultiplied(troupe: Troupe) -> None:
    art = troupe.catalogue.sprite(troupe.members[0][0], 40).pixels
    changed = [turned(art, studio(troupe, seed)) for seed in range(12)]
    assert all((one[..., :3] <= one[..., 3:]).all() for one in changed)
    assert len({one.shape for one in changed}) > 3


def test_prompts_and_pictures_hang_on_the_seed_alone(coloured_store: PictureStore) -> None:
    known, unseen = troupes(coloured_store, THINGS)
    choices = shared(known, unseen)
    counts = dict.fromkeys(TASKS, 2)
    wanted = wanted_of(choices, counts, 3)
    assert wanted == wanted_of(choices, counts, 3)
    assert wanted != wanted_of(choices, counts, 4)
    assert [one.task for one in wanted] == [task for task in TASKS for _ in range(2)]
    pictures = staged(known, wanted, 2, 3)
    assert pictures.shape == (24, 4, 64, 64)
    assert pictures.dtype == np.float32
    assert np.array_equal(pictures[:4], staged(known, wanted[:2], 2, 3)), "fewer prompts, the same pictures"
    assert not np.array_equal(pictures[0], pictures[1]), "repeats differ"
    assert not np.array_equal(pictures, staged(known, wanted, 2, 4))


def test_a_quick_look_is_the_beginning_of_the_full_one(troupe: Troupe) -> None:
    few = wanted_of(troupe.choices, dict.fromkeys(TASKS, 2), 0)
    many = wanted_of(troupe.choices, dict.fromkeys(TASKS, 3), 0)
    assert [one for one in few if one.task == "position"] == [one for one in many if one.task == "position"][:2]


def test_without_unseen_art_known_art_stands_in(coloured_store: PictureStore) -> None:
    known, unseen = troupes(coloured_store, THINGS)
    assert unseen is known


def test_only_what_both_can_show_is_asked_for(troupe: Troupe) -> None:
    fewer = Troupe(catalogue=troupe.catalogue, things=troupe.things, members=(troupe.members[0], (), (), ()))
    assert shared(troupe, fewer).shown == (0,)
    assert wanted_of(shared(troupe, fewer), dict.fromkeys(TASKS, 2), 0) == [], "one thing alone makes no test"
