"""WordPieces to sentences: the way back from the tokenizer, and the user's own words kept."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.bundle.manifest import TOKENIZER
from sfumato.bundle.store import SHIPPED
from sfumato.text.spelling import continued, spell
from sfumato.text.tokenizer import Tokenizer


@lru_cache
def shipped() -> Tokenizer:
    return Tokenizer(SHIPPED / "sticker" / TOKENIZER, 128)


@pytest.mark.parametrize(
    "sentence",
    [
        "a red apple",
        "an astronaut riding a horse, noto emoji style",
        "a t-shirt with a heart",
        "valentine's day",
        "a medium-dark skin tone",
        "hear-no-evil monkey, 3d",
        "o'clock",
        "piñata".replace("ñ", "n"),
        "flag of côte d’ivoire".replace("ô", "o"),
        "what? no! yes.",
        "twelve-thirty, 12:30",
        "version 1.5",
        "a cat (black)",
        "food & drink",
        "100%",
        "and/or",
    ],
)
def test_sentences_survive_the_way_there_and_back(sentence: str) -> None:
    assert spell(shipped().pieces(sentence)) == sentence


@given(words=st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12), min_size=1, max_size=6))
def test_words_of_letters_come_back_whatever_their_pieces(words: list[str]) -> None:
    pieces = shipped().pieces(" ".join(words))
    assert "[UNK]" not in pieces
    assert spell(pieces) == " ".join(words)


@given(pieces=st.lists(st.sampled_from(["a", "##b", "cat", ",", "-", "'", "(", ")", ".", "5"]), max_size=8))
def test_any_pieces_make_tidy_text(pieces: list[str]) -> None:
    text = spell(pieces)
    assert text == text.strip()
    assert "  " not in text
    assert "##" not in text
    assert text.replace(" ", "") == "".join(pieces).replace("##", "")


@pytest.mark.parametrize(
    ("start", "addition", "whole"),
    [
        ("", "a cat", "a cat"),
        ("A Zorblax", "with a hat", "A Zorblax with a hat"),
        ("a cat ", "asleep", "a cat asleep"),
        ("a cat", ", noto emoji", "a cat, noto emoji"),
        ("a t", "-shirt", "a t-shirt"),
        ("a cat", "", "a cat"),
        ("Café", "at night", "Café at night"),
    ],
)
def test_the_users_words_stay_as_they_were_typed(start: str, addition: str, whole: str) -> None:
    assert continued(start, addition) == whole
