"""What a caption says of a concept, counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.evals.wording import content, f1, names_it, plain

STYLES = ("noto emoji", "fluent 3d", "flat color icon", "emoji")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a red apple", ["red", "apple"]),
        ("A sticker of a Red Apple, noto emoji style", ["red", "apple"]),
        ("fluent 3d of a cat on a mint background", ["cat", "mint", "background"]),
        ("a t-shirt", ["t", "shirt"]),
        ("flat color icon", []),
        ("a flat color", ["flat", "color"]),
        ("", []),
    ],
)
def test_articles_media_and_styles_name_nothing(text: str, words: list[str]) -> None:
    assert content(text, STYLES) == words


def test_one_right_name_is_enough_and_order_does_not_matter() -> None:
    assert names_it(["apple", "red"], [["pear"], ["red", "apple"]])
    assert names_it(["big", "red", "apple"], [["red", "apple"]])
    assert not names_it(["apple"], [["red", "apple"]])
    assert not names_it(["apple"], [[]])
    assert not names_it([], [["apple"]])


def test_f1_by_hand() -> None:
    assert f1(["red", "apple"], ["red", "apple"]) == 1
    assert f1(["red", "apple"], ["apple"]) == pytest.approx(2 / 3)
    assert f1(["red"], ["apple"]) == 0
    assert f1([], []) == 0


@given(st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde")))
def test_f1_is_symmetric_and_a_share(one: list[str], other: list[str]) -> None:
    assert f1(one, other) == f1(other, one)
    assert 0 <= f1(one, other) <= 1
    assert (f1(one, other) == 1) == (set(one) == set(other) != set())


def test_plain_texts_are_compared_without_marks() -> None:
    assert plain(" A Cat,  asleep! ") == plain("a cat asleep")
    assert plain("a cat") != plain("cat")
