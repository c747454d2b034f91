"""Sentences from a table whose probabilities are known: drawn as often as they are likely, and searched in order."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from sfumato.pipeline.sentences import Chance, Sentence, cut, drawn, likeliest
from sfumato.pipeline.tokens import log_probabilities
from sfumato.text.vocabulary import END, START
from support.toy_language import (
    AST,
    BLUE,
    CAT,
    COMMA,
    NAUT,
    PLACES,
    RED,
    RO,
    ToyEngine,
    scores_of,
    toy_manifest,
    vocabulary,
)  # fmt: skip

PLAIN = Chance(temperature=1.0, top_p=1.0)
RED_CAT, BLUE_CAT, ASTRONAUT = (RED, CAT), (BLUE, CAT), (AST, RO, NAUT)


def ticks() -> tuple[list[int], object]:
    done: list[int] = []
    return done, lambda _step=None: done.append(1)


def silent(_step: object = None) -> None:
    """Tells nobody."""


@pytest.fixture
def engine(tmp_path: Path) -> ToyEngine:
    return ToyEngine(tmp_path)


def true_log_p(words: tuple[int, ...], *, keep: float = 0.0, ended: bool = True) -> float:
    """By the table and by what is allowed, word for word."""
    total, tokens = 0.0, [*words, END] if ended else list(words)
    for place, token in enumerate(tokens):
        last = words[place - 1] if place else START
        total += float(log_probabilities(scores_of(last, keep=keep), vocabulary().following(words[:place]))[token])
    return total


def uniform(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, PLACES), dtype=np.float32)


def test_sentences_are_drawn_as_often_as_they_are_likely(engine: ToyEngine) -> None:
    rows = 4000
    found = drawn(engine, vocabulary(), uniform(rows), PLAIN, tick=silent)
    counts = Counter(one.words for one in found)
    for words in (RED_CAT, BLUE_CAT, (RED, *ASTRONAUT), ASTRONAUT):
        p = np.exp(true_log_p(words))
        assert counts[words] / rows == pytest.approx(p, abs=4 * np.sqrt(p / rows)), words


def test_the_probability_is_told(engine: ToyEngine) -> None:
    for one in drawn(engine, vocabulary(), uniform(20), PLAIN, tick=silent):
        if one.ended:
            assert one.log_p == pytest.approx(true_log_p(one.words), abs=1e-4)
            assert one.likelihood == pytest.approx(one.log_p / (len(one.words) + 1))


def test_a_row_is_the_same_alone(engine: ToyEngine) -> None:
    u = uniform(6)
    together = drawn(engine, vocabulary(), u, PLAIN, tick=silent)
    alone = [drawn(engine, vocabulary(), u[k : k + 1], PLAIN, tick=silent)[0] for k in range(6)]
    assert together == alone


def test_a_picture_changes_what_is_said(engine: ToyEngine) -> None:
    z_img = np.ones((1, 12), np.float32)
    cold = Chance(temperature=0.0, top_p=1.0)
    (blind,) = drawn(engine, vocabulary(), uniform(1), cold, tick=silent)
    (seeing,) = drawn(engine, vocabulary(), uniform(1), cold, z_img=z_img, tick=silent)
    assert (blind.words, seeing.words) == (RED_CAT, (BLUE, *ASTRONAUT))


def test_given_words_come_first_and_are_read(engine: ToyEngine) -> None:
    given = (BLUE, 0)  # the second cannot be read
    (one,) = drawn(engine, vocabulary(), uniform(1), PLAIN, given=given, tick=silent)
    assert one.words[:2] == given
    assert len(one.words) > 2
    assert one.given == 2
    assert [row for (row,) in engine.told()][2:5] == [START, *given]


def test_nothing_ends_within_a_word_whatever_the_table_says(engine: ToyEngine) -> None:
    """END has the highest score after "##ro", and "ast" would as soon end as go on."""
    for one in drawn(engine, vocabulary(), uniform(300), Chance(temperature=2.0, top_p=1.0), tick=silent):
        assert vocabulary().whole(one.words)


@pytest.mark.parametrize("places", [4, 5, 6, 8])
def test_without_room_whole_words_are_left(tmp_path: Path, places: int) -> None:
    engine = ToyEngine(tmp_path, toy_manifest(places=places))
    done, tick = ticks()
    found = drawn(engine, vocabulary(), uniform(100), Chance(temperature=3.0, top_p=1.0), tick=tick)  # type: ignore[arg-type]
    assert all(not one.words or vocabulary().whole(one.words) for one in found)
    assert any(not one.ended for one in found)
    assert len(done) <= places


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ((RED, CAT), (RED,)),
        ((RED, CAT, COMMA), (RED, CAT)),
        ((RED, COMMA, CAT), (RED,)),
        ((RED, AST, RO), (RED,)),
        ((AST, RO), ()),
        ((CAT, COMMA, AST), (CAT,)),
    ],
)
def test_a_cut_takes_the_last_word_and_what_hangs(words: tuple[int, ...], left: tuple[int, ...]) -> None:
    assert cut(vocabulary(), Sentence(words=words)).words == left


def test_a_cut_leaves_the_users_words() -> None:
    assert cut(vocabulary(), Sentence(words=(RED, COMMA, AST), given=2)).words == (RED, COMMA)


def every_sentence(longest: int) -> list[tuple[int, ...]]:
    """All sentences of some length by brute force."""
    sayable, one = (RED, BLUE, CAT, AST, RO, NAUT, COMMA), vocabulary()
    all_ = (words for length in range(1, longest + 1) for words in product(sayable, repeat=length))
    sayable_all = (words for words in all_ if all(one.following(words[:k])[w] for k, w in enumerate(words)))
    return [words for words in sayable_all if one.whole(words)]


def test_a_wide_beam_finds_the_likeliest_of_all(engine: ToyEngine) -> None:
    done, tick = ticks()
    found = likeliest(engine, vocabulary(), beams=8, tick=tick)  # type: ignore[arg-type]
    known = sorted(every_sentence(4), key=lambda words: -true_log_p(words))
    by_total = sorted(found, key=lambda one: -one.log_p)
    assert [one.words for one in by_total[:2]] == known[:2]
    assert done
    for one in found:
        assert one.ended
        assert one.log_p == pytest.approx(true_log_p(one.words), abs=1e-4)


def test_a_beam_sees_the_picture_and_sorts_by_likelihood(engine: ToyEngine) -> None:
    found = likeliest(engine, vocabulary(), beams=4, z_img=np.ones((1, 12), np.float32), tick=silent)
    assert [one.likelihood for one in found] == sorted((one.likelihood for one in found), reverse=True)
    assert len({one.words for one in found}) == len(found)
    assert any(one.words[0] == BLUE for one in found)
    for one in found:
        assert one.log_p == pytest.approx(true_log_p(one.words, keep=1.0), abs=1e-4)


def test_a_beam_without_room_gives_whole_words(tmp_path: Path) -> None:
    engine = ToyEngine(tmp_path, toy_manifest(places=4))
    for one in likeliest(engine, vocabulary(), beams=3, tick=silent):
        assert not one.words or vocabulary().whole(one.words)
