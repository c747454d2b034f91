"""Counts, positions and sizes: the boxes bear out the caption."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sfumato_train.data.english import NUMBERS, plural
from sfumato_train.data.scenes import layouts
from sfumato_train.data.scenes.sample import Box, Sample
from sfumato_train.data.scenes.studio import Studio

Make = Callable[..., Studio]


def samples(studio: Make, layout: Callable[[Studio], Sample | None], wanted: int = 40) -> Iterator[Sample]:
    """The first samples that a layout draws, at 64 pixels."""
    drawn = (layout(studio(seed)) for seed in range(wanted * 20))
    found = list(itertools.islice((sample for sample in drawn if sample is not None), wanted))
    assert len(found) == wanted
    return iter(found)


def overlap(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


@pytest.mark.parametrize(
    "layout", [layouts.count, layouts.position, layouts.between, layouts.sizes], ids=lambda f: f.__name__
)
def test_objects_are_apart_and_all_that_is_seen(studio: Make, layout: Callable[[Studio], Sample | None]) -> None:
    for sample in samples(studio, layout):
        assert (sample.picture[..., :3] <= sample.picture[..., 3:]).all()
        boxes = [o.box for o in sample.objects]
        for first, second in itertools.combinations(boxes, 2):
            assert overlap(first, second) < 0.003
        seen = np.zeros((64, 64), dtype=bool)
        for x0, y0, x1, y1 in (tuple(round(v * 64) for v in box) for box in boxes):
            assert 0 <= x0 < x1 <= 64
            assert 0 <= y0 < y1 <= 64
            assert sample.picture[y0:y1, x0:x1, 3].max() > 200
            seen[y0:y1, x0:x1] = True
        assert sample.picture[~seen].max() == 0


def test_the_number_of_boxes_is_the_number_in_the_caption(studio: Make) -> None:
    numbers = set()
    for sample in samples(studio, layouts.count, 60):
        number, name = sample.caption.split(" ", 1)
        assert NUMBERS.index(number) == len(sample.objects)
        assert name == plural(sample.objects[0].name)
        assert sample.concept.startswith(f"{len(sample.objects)} ")
        numbers.add(number)
    assert numbers == {"two", "three", "four", "five"}


def test_uncounted_names_are_not_counted() -> None:
    assert layouts.countable("lemon")
    assert not layouts.countable("broccoli")
    assert not layouts.countable("sunglasses")
    assert not layouts.countable("hammer and wrench")


_SIDES = {
    "left": lambda a, b: a[2] <= b[0] + 0.02,
    "right": lambda a, b: a[0] >= b[2] - 0.02,
    "above": lambda a, b: a[3] <= b[1] + 0.02,
    "below": lambda a, b: a[1] >= b[3] - 0.02,
    "next": lambda a, b: abs((a[1] + a[3]) - (b[1] + b[3])) < 0.1,
}
_WORDS = {
    "left of": "left", "right of": "right", "above": "above", "over": "above", "on top of": "above",
    "below": "below", "under": "below", "beneath": "below", "next to": "next", "beside": "next",
    " and ": "next", "left": "left", "right": "right",
}  # fmt: skip


def test_positions_are_as_told(studio: Make) -> None:
    seen = set()
    for sample in samples(studio, layouts.position, 80):
        relation = next(relation for words, relation in _WORDS.items() if words in sample.caption)
        first, second = sample.objects
        assert first.role == relation
        assert _SIDES[relation](first.box, second.box), sample.caption
        seen.add(relation)
    assert seen == set(_SIDES)


def test_a_left_of_b_and_b_right_of_a_are_one_concept(studio: Make) -> None:
    for sample in samples(studio, layouts.position, 80):
        first, second = sample.objects
        upper, relation, lower = re.split(r" (left of|above) ", sample.concept)
        vertical = first.role in {"above", "below"}
        assert (relation == "above") == vertical
        axis = 1 if vertical else 0
        order = sorted((first, second), key=lambda o: o.box[axis])
        catalogue = studio(0).catalogue
        assert [catalogue.records[o.record].concept for o in order] == [upper, lower]


def test_between_stands_in_the_middle(studio: Make) -> None:
    for sample in samples(studio, layouts.between):
        middle, left, right = sample.objects
        assert left.box[2] <= middle.box[0] + 0.02
        assert middle.box[2] <= right.box[0] + 0.02
        assert re.search(rf"between two {re.escape(plural(left.name))}$", sample.caption)


def test_big_is_bigger_than_small(studio: Make) -> None:
    for sample in samples(studio, layouts.sizes):
        big, small = sample.objects
        assert layouts.area(big.box) >= 2.5 * layouts.area(small.box)
        assert re.search(rf"(big|large|huge) {re.escape(big.name)}", sample.caption)
        assert re.search(rf"(small|little|tiny) {re.escape(small.name)}", sample.caption)


def test_two_things_are_never_the_same_thing(studio: Make) -> None:
    for seed in range(60):
        records = layouts.two_records(studio(seed))
        if records:
            concepts = {studio(0).catalogue.records[i].concept for i in records}
            assert len(concepts) == 2
