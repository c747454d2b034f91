"""What may be said next: whole words, nothing in the middle, the user's own left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import BundleError
from sfumato.networks import language as network
from sfumato.text import vocabulary as words
from sfumato.text.vocabulary import END, START, UNKNOWN, Vocabulary
from support.toy_language import AST, CAT, COMMA, NAUT, PIECES, RED, RO, V, vocabulary, words_file


def allowed(*said: int, given: int = 0) -> set[int]:
    return set(np.flatnonzero(vocabulary().following(said, given=given)).tolist())


def test_the_first_lines_mean_what_the_network_means() -> None:
    assert (UNKNOWN, START, END) == (network.UNKNOWN, network.START, network.END)


def test_a_file_and_back(tmp_path: Path) -> None:
    read = Vocabulary.read(words_file(tmp_path))
    assert read.pieces == PIECES
    assert len(read) == V
    assert read.numbers(["red", "##naut", "zorblax"]) == [RED, NAUT, UNKNOWN]
    assert read.spell([AST, RO, NAUT, COMMA, RED, CAT]) == "astronaut, red cat"
    assert np.array_equal(read.following([CAT]), vocabulary().following([CAT]))


@pytest.mark.parametrize(
    "text",
    ["", "red\t1\t\n", "a\t2\t\n" * 4, "a\n" * 4, "a\t1\n" * 4, "a\t1\tx\n" * 4, "a\t1\t9\n" * 4, "a\t1\t-1\n" * 4],
)
def test_files_that_are_no_vocabulary(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.tsv").write_text(text)
    with pytest.raises(BundleError, match=r"w\.tsv is no list of words; install the model again"):
        Vocabulary.read(tmp_path / "w.tsv")


def test_missing_and_undecodable_files(tmp_path: Path) -> None:
    (tmp_path / "w.tsv").write_bytes(b"\xff\xfe\t1\n" * 5)
    for name in ("w.tsv", "nowhere.tsv"):
        with pytest.raises(BundleError, match="no list of words"):
            Vocabulary.read(tmp_path / name)


def test_a_sentence_begins_with_a_word() -> None:
    first = allowed()
    assert {RED, CAT, AST} <= first
    assert first.isdisjoint({UNKNOWN, START, END, RO, NAUT, COMMA})


def test_a_word_that_is_not_finished_goes_on() -> None:
    assert allowed(RED, AST) == {RO, NAUT}
    assert allowed(RED, AST, RO) == {NAUT}


def test_a_finished_word_may_end_go_on_or_be_followed() -> None:
    assert allowed(RED, CAT) == {END, RED, CAT, AST, NAUT, COMMA, RED + 1}
    assert allowed(CAT, RED) == {END, RED, CAT, AST, COMMA, RED + 1}


def test_a_piece_that_leads_nowhere_is_left_behind() -> None:
    lost = Vocabulary(("[UNK]", "[CLS]", "[SEP]", "cat", "zor"), (False, False, False, True, False), ((),) * 5)
    assert set(np.flatnonzero(lost.following([4])).tolist()) == {3, 4}


def test_nothing_ends_with_a_comma() -> None:
    assert END not in allowed(CAT, COMMA)
    assert RED in allowed(CAT, COMMA)


@pytest.mark.parametrize("last", [UNKNOWN, AST, CAT])
def test_the_users_words_are_neither_lengthened_nor_all(last: int) -> None:
    following = allowed(RED, last, given=2)
    assert {RED, CAT, COMMA} <= following
    assert following.isdisjoint({END, RO, NAUT})


def test_asking_changes_nothing() -> None:
    one = vocabulary()
    before = one.following([CAT]).copy()
    one.following([CAT, COMMA])
    one.following([])
    assert np.array_equal(one.following([CAT]), before)


def test_left_over_numbers_are_never_said() -> None:
    small = Vocabulary(("[UNK]", "[CLS]", "[SEP]", "cat", "", ""), (False, False, False, True, False, False), ((),) * 6)
    assert set(np.flatnonzero(small.following([])).tolist()) == {3}
    assert set(np.flatnonzero(small.following([3])).tolist()) == {2, 3}
    assert small.numbers([""]) == [UNKNOWN]


@given(st.lists(st.integers(3, V - 1), min_size=1, max_size=6))
def test_where_a_sentence_may_end_it_is_whole(said: list[int]) -> None:
    one = vocabulary()
    assert one.whole(said) == bool(one.following(said)[END])
    assert not one.whole([])


def test_words_are_known_by_their_first_piece() -> None:
    one = vocabulary()
    assert [one.opens(number) for number in (RED, AST, RO, COMMA)] == [True, True, False, True]
    assert words.CONTINUED == "##"
