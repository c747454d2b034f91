"""Names, keywords and the words in names that decide: what a prompt would say, and nothing else."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data import rules
from sfumato_train.data.emoji import Emoji
from sfumato_train.data.words import Segmenter, choose, from_slug, keywords, plain, readable


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("two_hearts-3", "two hearts"),
        ("camera-48", "camera"),
        ("blueCar", "blue car"),
        ("Dog_bw", "dog"),
        ("gift04", "gift"),
        ("4", "4"),
        ("crème-brûlée", "creme brulee"),
        ("mail icon", "mail"),
    ],
)
def test_slugs(slug: str, name: str) -> None:
    assert from_slug(slug) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("flag: Côte d’Ivoire", "flag of cote divoire"),
        ("man: bald", "bald man"),
        ("woman: red hair", "woman with red hair"),
        ("person walking: facing right", "person walking facing right"),
        ("family: man, woman, girl", "family of man, woman and girl"),
        ("kiss: woman, man", "kiss of woman and man"),
        ("keycap: 7", "keycap 7"),
        ("see-no-evil monkey", "see-no-evil monkey"),
    ],
)
def test_labels_are_said_as_people_say_them(label: str, name: str) -> None:
    assert readable(label) == name


@given(st.text(max_size=40))
def test_plain_is_plain_and_stays_so(text: str) -> None:
    once = plain(text)
    assert set(once) <= set(string.ascii_lowercase + string.digits + "',:.&+ -")
    assert "  " not in once
    assert plain(once) == once


def emoji(*tags: str) -> Emoji:
    return Emoji(label="red apple", tones=(), tags=tags, group="food & drink", subgroup="food-fruit")


def test_keywords_named_twice_come_first() -> None:
    assert keywords(emoji("orchard", "fruit", "pie", "fruit"), "red apple") == ("fruit", "orchard", "pie")


def test_keywords_leave_out_colours_names_and_slang() -> None:
    tags = (
        "red",
        "apple",
        "blue-square",
        "lol",
        ":D",
        "ok",
        "emoji",
        "a very long winded tag",
        "fruit",
        "red apple",
    )
    assert keywords(emoji(*tags), "red apple") == ("fruit",)


def test_keywords_are_few() -> None:
    assert len(keywords(emoji(*("fruit", "pie", "tree", "cider", "school", "garden", "seed")), "red apple")) == 6


@given(st.lists(st.text(max_size=30)), st.text(max_size=20))
def test_chosen_words_add_to_the_name(candidates: list[str], name: str) -> None:
    for word in choose(candidates, plain(name)):
        assert word == plain(word)
        assert not set(word.replace("-", " ").split()) <= set(plain(name).split())


VOCABULARY = [
    "left thought bubble",
    "thought",
    "heart",
    "green heart",
    "clock",
    "artist palette",
    "the art",
    "is",
]


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("leftthoughtbubble", "left thought bubble"),
        ("artistpalette", "artist palette"),
        ("heart2", "heart 2"),
        ("qqqqzzzz", "qqqqzzzz"),
        ("", ""),
    ],
)
def test_spaces_come_back(joined: str, apart: str) -> None:
    assert Segmenter(VOCABULARY).split(joined) == apart


@given(st.text(alphabet=string.ascii_lowercase + string.digits, max_size=40))
def test_segmenting_loses_no_letter(text: str) -> None:
    assert Segmenter(VOCABULARY).split(text).replace(" ", "") == text


@pytest.mark.parametrize("name", ["red apple", "tv", "ox", "3 candles", "gnome", "apple pie", "windows", "telegram"])
def test_ordinary_names_are_fine(name: str) -> None:
    assert rules.fault(name) == ""


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("sm", "no usable name"),
        ("v06", "no usable name"),
        ("fc 12", "no usable name"),
        ("barn 0 symbol 1m bwh", "no usable name"),
        ("google maps", "trademark"),
        ("apple logo", "trademark"),
        ("sexy lady", "unwanted subject"),
    ],
)
def test_other_names_are_left_out(name: str, fault: str) -> None:
    assert rules.fault(name) == fault


@pytest.mark.parametrize("name", ["cat", "bright sun", "leftover pizza", "chest of drawers", "sword"])
def test_things_may_be_mirrored(name: str) -> None:
    assert rules.may_flip(name, "objects", "")


@pytest.mark.parametrize(
    ("name", "group", "subgroup"),
    [
        ("left hand", "people & body", "hand"),
        ("alarm clock", "travel & places", "time"),
        ("letter b", "symbols", ""),
        ("number 4", "symbols", ""),
        ("flag of chad", "flags", "country-flag"),
        ("crossed flags", "flags", "flag"),
        ("arrow up", "symbols", ""),
        ("world map", "travel & places", "place-map"),
        ("red dragon", "activities", "game"),
    ],
)
def test_what_would_be_wrong_in_a_mirror_stays(name: str, group: str, subgroup: str) -> None:
    assert not rules.may_flip(name, group, subgroup)


def test_word_weights() -> None:
    assert rules.word_weight("cat", "animals & nature", "animal-mammal", 0) == 1.0
    assert rules.word_weight("waving hand", "people & body", "hand", 1) == rules.SKIN_VARIANT
    assert rules.word_weight("flag of chad", "flags", "country-flag", 0) == rules.FLAG
    assert rules.word_weight("pirate flag", "flags", "flag", 0) == 1.0
    assert rules.word_weight("keycap 3", "symbols", "keycap", 0) == rules.LETTERS
    assert rules.word_weight("ten o'clock", "travel & places", "time", 0) == rules.CLOCK
