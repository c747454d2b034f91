"""Prompts: their words, their variety, and their contraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.evals.composition.vocabulary import STICKER, Thing, names, vocabulary_of
from sfumato_train.evals.composition.wanted import (
    COLOURS,
    COUNTS,
    RELATIONS,
    TASKS,
    Choices,
    Part,
    Wanted,
    contrary,
    distinct,
)

THINGS = ("cat", "owl", "apple", "glasses", "bread")
CHOICES = Choices(things=THINGS, shown=(0, 1, 2, 3, 4), coloured=(1, 2))


def test_a_vocabulary_is_read_from_words() -> None:
    read = vocabulary_of("cat, apple = red apple + green apple,\n  dog=dog face")
    assert read == (
        Thing(name="cat", concepts=("cat",)),
        Thing(name="apple", concepts=("red apple", "green apple")),
        Thing(name="dog", concepts=("dog face",)),
    )


def test_the_sticker_vocabulary_names_every_concept_once() -> None:
    concepts = [concept for thing in STICKER for concept in thing.concepts]
    assert len(set(concepts)) == len(concepts)
    assert len(set(names(STICKER))) == len(STICKER) == 120


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (Wanted(task="single", parts=(Part(thing=1),)), "an owl"),
        (Wanted(task="two", parts=(Part(thing=0), Part(thing=3))), "a cat and glasses"),
        (Wanted(task="counting", parts=(Part(thing=0, count=3),)), "three cats"),
        (Wanted(task="colours", parts=(Part(thing=1, colour="orange"),)), "an orange owl"),
        (Wanted(task="position", parts=(Part(thing=0), Part(thing=1)), relation="left"), "a cat to the left of an owl"),
        (Wanted(task="position", parts=(Part(thing=2), Part(thing=0)), relation="below"), "an apple below a cat"),
        (
            Wanted(task="attribution", parts=(Part(thing=2, colour="blue"), Part(thing=1, colour="red"))),
            "a blue apple and a red owl",
        ),
    ],
)
def test_prompts_are_english(wanted: Wanted, text: str) -> None:
    assert wanted.text(THINGS) == text


@pytest.mark.parametrize("task", list(TASKS))
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_every_task_asks_for_what_it_is_about(task: str, seed: int) -> None:
    wanted = TASKS[task](CHOICES, np.random.default_rng(seed))
    assert wanted.task == task
    assert len({part.thing for part in wanted.parts}) == len(wanted.parts)
    assert len(wanted.parts) == (2 if task in ("two", "position", "attribution") else 1)
    assert (wanted.relation in RELATIONS) == (task == "position")
    for part in wanted.parts:
        assert (part.colour in COLOURS and part.thing in CHOICES.coloured) == (task in ("colours", "attribution"))
        assert part.count in (COUNTS if task == "counting" else (1,))
    if task == "counting":
        assert THINGS[wanted.parts[0].thing] not in ("glasses", "bread"), "neither can be counted"


@pytest.mark.parametrize("task", list(TASKS))
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_a_contrary_asks_for_something_else(task: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = TASKS[task](CHOICES, rng)
    other = contrary(wanted, CHOICES, rng)
    assert other != wanted
    assert other.task == task
    assert other.text(THINGS) != wanted.text(THINGS)


def test_contraries_change_the_one_thing() -> None:
    rng = np.random.default_rng(0)
    above = Wanted(task="position", parts=(Part(thing=0), Part(thing=1)), relation="above")
    assert contrary(above, CHOICES, rng).relation == "below"
    assert contrary(above, CHOICES, rng).parts == above.parts
    both = Wanted(task="attribution", parts=(Part(thing=1, colour="red"), Part(thing=2, colour="blue")))
    assert contrary(both, CHOICES, rng).text(THINGS) == "a blue owl and a red apple"
    four = Wanted(task="counting", parts=(Part(thing=0, count=4),))
    assert contrary(four, CHOICES, rng).parts[0].thing == 0
    assert contrary(four, CHOICES, rng).parts[0].count != 4


def test_fewer_prompts_are_the_beginning_of_more() -> None:
    few = distinct(CHOICES, "two", 3, np.random.default_rng(7))
    more = distinct(CHOICES, "two", 9, np.random.default_rng(7))
    assert more[:3] == few
    assert len(set(more)) == 9


def test_there_are_no_more_prompts_than_there_are() -> None:
    assert len(distinct(CHOICES, "single", 50, np.random.default_rng(0))) == len(THINGS)
