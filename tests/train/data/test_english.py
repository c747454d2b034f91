"""Articles, plurals and number words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data import english
from support.cast_store import few


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("apple", "an"), ("red apple", "a"), ("owl", "an"), ("unicorn", "a"), ("umbrella", "an"),
        ("hour", "an"), ("hourglass done", "an"), ("house", "a"), ("x-ray", "an"), ("ufo", "a"),
        ("8 ball", "an"), ("1st place medal", "a"), ("sos button", "an"),
        ("one-piece swimsuit", "a"), ("onion", "an"), ("uninhabited island", "an"), ("ear", "an"),
        ("ewe", "a"), ("orange book", "an"), ("european castle", "a"), ("atm sign", "an"),
        ("", "a"),
    ],
)  # fmt: skip
def test_article_follows_the_sound(phrase: str, expected: str) -> None:
    assert english.article(phrase) == expected


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("lemon", "lemons"), ("red apple", "red apples"), ("cherry", "cherries"), ("fox", "foxes"),
        ("bus", "buses"), ("toy", "toys"), ("mouse", "mice"), ("computer mouse", "computer mice"),
        ("wolf", "wolves"), ("fish", "fish"), ("sheep", "sheep"), ("snowman", "snowmen"),
        ("potato", "potatoes"), ("watch", "watches"), ("bowl with spoon", "bowls with spoon"),
        ("slice of pizza", "slices of pizza"), ("knife", "knives"), ("cactus", "cacti"),
        ("octopus", "octopuses"), ("high-heeled shoe", "high-heeled shoes"),
    ],
)  # fmt: skip
def test_plural_of_the_head_noun(one: str, many: str) -> None:
    assert english.plural(one) == many


@pytest.mark.parametrize("name", ["sunglasses", "scissors", "men wrestling", "clinking beer mugs", "french fries"])
def test_plural_names_are_known_and_stay(name: str) -> None:
    assert english.is_plural(name)
    assert english.plural(name) == name
    assert english.noun_phrase(name) == name


@pytest.mark.parametrize(
    "name", ["bus", "cactus", "dress", "compass", "iris", "man's shoe", "tennis", "walrus", "glass"]
)
def test_singulars_that_end_in_s(name: str) -> None:
    assert not english.is_plural(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("red apple", "a red apple"), ("owl", "an owl"), ("broccoli", "broccoli"),
        ("cooked rice", "cooked rice"), ("flag of japan", "the flag of japan"),
        ("bowl of rice", "a bowl of rice"), ("the moon", "the moon"),
    ],
)  # fmt: skip
def test_noun_phrase(name: str, expected: str) -> None:
    assert english.noun_phrase(name) == expected


def test_counts_in_words() -> None:
    assert english.counted(1, "lemon") == "one lemon"
    assert english.counted(3, "lemon") == "three lemons"
    assert english.counted(5, "fish") == "five fish"


def test_lists_of_things() -> None:
    assert english.joined(["a"]) == "a"
    assert english.joined(["a", "b"]) == "a and b"
    assert english.joined(["a", "b", "c"]) == "a, b and c"


@few
@given(st.text(max_size=40))
def test_any_text_is_borne(text: str) -> None:
    assert english.article(text) in {"a", "an"}
    assert english.noun_phrase(text).endswith(text)
    assert isinstance(english.plural(text), str)


@few
@given(st.sampled_from(["lemon", "cat", "dog face", "tree", "guitar", "box", "berry", "leaf"]))
def test_plurals_are_recognised_as_plurals(name: str) -> None:
    many = english.plural(name)
    assert many != name
    assert english.plural(many) == many
