"""Words that a filter favours or takes out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.data.scale import terms as module
from sfumato_train.data.scale.terms import RARE, changes, count, merged, terms


def test_words_are_those_of_letters_in_lower_case() -> None:
    assert terms("A Red fox's 3 PAWS, größe x_y red") == {"red", "fox", "paws", "größe"}


def test_captions_are_counted_and_not_repetitions() -> None:
    assert count(["red red fox", "a red cat"]) == {"red": 2, "fox": 1, "cat": 1}


def test_what_was_filtered_shows() -> None:
    """A filter that takes out 60 of 100 captions with "beach", and nothing else of 1,000."""
    gained, lost = changes({"beach": 100, "dog": 500}, {"beach": 40, "dog": 470}, captions=(1000, 940))
    assert [change.term for change in lost] == ["beach"]
    assert lost[0].ratio == pytest.approx(0.4 / 0.94)
    assert (lost[0].before, lost[0].after) == (100, 40)
    assert gained == []


def test_gains_are_by_share_and_not_by_count() -> None:
    gained, lost = changes({"cat": 100, "dog": 100}, {"cat": 50, "dog": 10}, captions=(200, 60))
    assert (gained[0].term, gained[0].ratio) == ("cat", pytest.approx(50 / 100 * 200 / 60))
    assert lost[0].term == "dog"


def test_rare_terms_are_chance() -> None:
    assert changes({"yak": RARE - 1, "emu": RARE}, {}, captions=(100, 50))[1][0].term == "emu"
    assert len(changes({"yak": RARE - 1}, {}, captions=(100, 50))[1]) == 0


def test_what_vanished_comes_first() -> None:
    _, lost = changes({"a": 50, "b": 50, "c": 90}, {"a": 1, "c": 1}, captions=(100, 90))
    assert [change.term for change in lost] == ["b", "c", "a"]


@pytest.mark.parametrize("captions", [(0, 0), (10, 0)])
def test_nothing_left_has_no_shares(captions: tuple[int, int]) -> None:
    assert changes({"a": 50}, {}, captions=captions) == ([], [])


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_a_filter_that_changes_nothing_changes_no_share(counts: list[int]) -> None:
    terms = {f"t{n}": count for n, count in enumerate(counts)}
    assert changes(terms, terms, captions=(1000, 1000)) == ([], [])


def test_memory_of_terms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN", 10)
    total: Counter[str] = Counter()
    for start in range(0, 100, 5):
        total = merged(total, {f"rare{n}": 1 for n in range(start, start + 5)} | {"often": 3})
        assert len(total) <= 26
    assert total["often"] == 60
