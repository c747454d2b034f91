"""Splits depend on words alone, hold out about as much as asked, and never leak."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data.split import CONCEPT, PAIR, SHARE, TRAIN, Splitter, fraction

NAMES = [f"thing {a}{b}{c}" for a in string.ascii_lowercase for b in string.ascii_lowercase for c in "xyz"]
STYLES = ["clip art", "noto emoji", "twemoji", "fluent 3d"]
PAIRS = [(name, style) for name in NAMES for style in STYLES]
WORDS = st.sampled_from(["axe", "red", "old", "battle", "cat", "house", "of", "snow"])
PHRASES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def held(names: list[str]) -> str:
    """One of `names` whose hash holds it out."""
    return next(name for name in names if fraction(name) < SHARE)


def test_fractions_are_spread_evenly() -> None:
    values = [fraction(name) for name in NAMES]
    assert all(0 <= v < 1 for v in values)
    assert sum(values) / len(values) == pytest.approx(0.5, abs=0.03)


def test_known_fraction() -> None:
    """Should this value ever change, models would be tested on what they learnt from."""
    assert fraction("red apple") == pytest.approx(0.316629, abs=1e-6)


def test_shares_are_about_as_asked() -> None:
    found = Splitter([]).split(PAIRS)
    concepts = {name for (name, _), split in zip(PAIRS, found, strict=True) if split == CONCEPT}
    assert len(concepts) / len(NAMES) == pytest.approx(SHARE, abs=0.012)
    assert found.count(PAIR) / len(PAIRS) == pytest.approx(SHARE, abs=0.012)


def test_concept_is_held_out_in_all_styles() -> None:
    found = dict(zip(PAIRS, Splitter([]).split(PAIRS), strict=True))
    for name in NAMES:
        splits = {found[name, style] for style in STYLES}
        assert splits == {CONCEPT} or CONCEPT not in splits


def test_pair_is_held_out_only_beside_another_style_in_training() -> None:
    found = dict(zip(PAIRS, Splitter([]).split(PAIRS), strict=True))
    for (name, _), split in found.items():
        if split == PAIR:
            assert TRAIN in {found[name, style] for style in STYLES}


def test_lonely_pair_stays_in_training() -> None:
    name, style = next((n, s) for n, s in PAIRS if fraction(f"{n}|{s}") < SHARE and fraction(n) >= SHARE)
    assert Splitter([]).split([(name, style)]) == [TRAIN]
    other = next(s for s in STYLES if fraction(f"{name}|{s}") >= SHARE)
    assert Splitter([]).split([(name, style), (name, other)]) == [PAIR, TRAIN]


@given(st.permutations(PAIRS[:60]))
def test_order_of_the_pictures_does_not_matter(order: list[tuple[str, str]]) -> None:
    found = dict(zip(order, Splitter([]).split(order), strict=True))
    assert found == dict(zip(PAIRS[:60], Splitter([]).split(PAIRS[:60]), strict=True))


def test_held_out_emoji_takes_names_that_contain_it() -> None:
    label = held(NAMES)
    splitter = Splitter([label])
    assert splitter.concept_split(f"big {label} in snow") == CONCEPT
    assert Splitter([]).concept_split(f"big {label} in snow") == TRAIN


def test_general_words_are_never_held_out() -> None:
    label = held(NAMES)
    family = [f"{label} {n}" for n in ("one", "two", "three", "four", "five", "six", "seven")]
    assert Splitter([label, *family]).concept_split(label) == TRAIN
    assert Splitter([label, *family[:6]]).concept_split(label) == CONCEPT


@given(st.sets(PHRASES), PHRASES, PHRASES)
def test_longer_name_of_a_held_out_emoji_is_held_out(labels: set[str], name: str, more: str) -> None:
    splitter = Splitter(labels | {name})
    longer = f"{more} {name}"
    if splitter.is_held(name) and longer not in labels:
        assert splitter.is_held(longer)
