"""Captions say what the record says, in English."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sfumato_train.data.aliases import ALIASES
from sfumato_train.data.captions import caption, media, phrase, spoken_name, styled
from sfumato_train.data.english import article
from sfumato_train.data.record import Record
from sfumato_train.data.store import PictureStore
from support.cast_store import SUBJECTS


@pytest.fixture
def apple(cast_store: PictureStore) -> Record:
    return next(r for r in cast_store.records if r.name == "red apple" and r.style == "noto emoji")


def many(record: Record, count: int = 400, **options: object) -> list[str]:
    return [caption(record, np.random.default_rng(seed), **options) for seed in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.name)
def test_every_caption_names_the_thing(cast_store: PictureStore, subject: object) -> None:
    record = next(r for r in cast_store.records if r.name == subject.name)  # type: ignore[attr-defined]
    words = (record.name, *ALIASES.get(record.concept, ()))
    for text in many(record, 150):
        assert any(word in text for word in words), text


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.name)
def test_articles_fit_and_spaces_are_single(cast_store: PictureStore, subject: object) -> None:
    record = next(r for r in cast_store.records if r.name == subject.name)  # type: ignore[attr-defined]
    for text in many(record, 150):
        assert text == " ".join(text.split())
        assert not re.search(r"\b(?:a|an|the) (?:a|an|the)\b", text), text
        for found, following in re.findall(r"\b(an?) ([\w-]+)", text):
            assert found == article(following), text


def test_style_is_named_as_often_as_asked(apple: Record) -> None:
    assert not any("noto" in text for text in many(apple, style=0.0))
    assert all("noto emoji" in text for text in many(apple, style=1.0))
    share = np.mean(["noto" in text for text in many(apple, 1500, style=0.4)])
    assert share == pytest.approx(0.4, abs=0.05)


def test_captions_vary(apple: Record) -> None:
    texts = Counter(many(apple, 600))
    assert len(texts) > 60
    assert texts["red apple"] > 10
    assert texts["a red apple"] > 10
    assert any("fruit" in text for text in texts)
    assert any("food" in text for text in texts)
    assert any(text.startswith("a sticker of") for text in texts)


def test_a_recoloured_object_is_never_called_by_its_old_colour(apple: Record) -> None:
    for text in many(apple, 600, name="purple apple", keywords=False):
        assert "purple apple" in text
        assert "red" not in text.replace("colored", "")


def test_keywords_can_be_left_out(apple: Record) -> None:
    assert not any("fruit" in text for text in many(apple, 600, keywords=False))


def test_skin_tones_are_told_mostly(cast_store: PictureStore) -> None:
    hand = next(r for r in cast_store.records if r.name == "waving hand")
    told = ["dark skin tone" in phrase(hand, np.random.default_rng(seed)) for seed in range(400)]
    assert 0.65 < np.mean(told) < 0.85


def test_other_attributes_follow_a_comma(apple: Record) -> None:
    texts = {phrase(replace(apple, attributes=("flat",)), np.random.default_rng(seed)) for seed in range(50)}
    assert texts == {"a red apple", "a red apple, flat"}


def test_names_are_spoken(apple: Record) -> None:
    assert spoken_name(replace(apple, name="flag: france")) == "flag of france"
    assert spoken_name(replace(apple, name="“free”  button")) == "free button"
    assert spoken_name(replace(apple, name="man: beard")) == "man beard"


def test_deeds_of_icon_sets_take_no_article(apple: Record) -> None:
    icon = replace(apple, name="approve", concept="approve", keywords=(), style="flat color icon", category="objects")
    assert not any("an approve" in text for text in many(icon))


def test_kinds_of_picture_fit_the_style() -> None:
    assert "emoji" in media("noto emoji")
    assert "emoji" in media("fluent 3d")
    assert "emoji" not in media("clip art")
    assert "clip art" in media("clip art")
    assert "icon" in media("weather icon")
    assert "emoji" not in media("weather icon")


def test_styled_keeps_the_text_and_the_style() -> None:
    for seed in range(100):
        text = styled("a cat next to a dog", "a cat next to a dog", "twemoji", np.random.default_rng(seed))
        assert "a cat next to a dog" in text
        assert "twemoji" in text
