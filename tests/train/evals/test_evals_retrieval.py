"""Recall on embeddings whose answers are known, and chance against counting."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.evals.retrieval import both_ways, chance, ranks, recall, same

AXES = np.eye(8, dtype=np.float32)


def test_perfect_embeddings_are_found_both_ways() -> None:
    shown = ["cat", "owl", "cat", "fox"]
    z_img = AXES[[0, 1, 0, 2]]
    to_text, to_picture = both_ways(z_img, shown, AXES[:3], ["cat", "owl", "fox"])
    assert (to_text.top1, to_text.top5) == (1.0, 1.0)
    assert (to_picture.top1, to_picture.top5) == (1.0, 1.0)
    assert (to_text.queries, to_text.candidates) == (4, 3)
    assert (to_picture.queries, to_picture.candidates) == (3, 4)


def test_opposite_embeddings_are_never_found() -> None:
    found = recall(-np.eye(8, dtype=np.float32), np.eye(8, dtype=bool))
    assert (found.top1, found.top5) == (0.0, 0.0)


def test_one_of_several_right_pictures_is_enough() -> None:
    similarity = np.array([[0.1, 0.9, 0.5, 0.4]], np.float32)
    positive = np.array([[True, True, False, False]])
    assert ranks(similarity, positive).tolist() == [0]
    assert ranks(similarity, ~positive).tolist() == [1]


def test_rank_counts_only_the_wrong_ones_ahead() -> None:
    similarity = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]], np.float32)
    places = [int(ranks(similarity, np.arange(7)[None] == right)[0]) for right in range(7)]
    assert places == list(range(7))
    assert recall(similarity, np.arange(7)[None] == 4).top5 == 1.0
    assert recall(similarity, np.arange(7)[None] == 5).top5 == 0.0


def test_ties_count_against_the_query() -> None:
    constant = np.ones((6, 20), np.float32)
    found = recall(constant, np.eye(6, 20, dtype=bool))
    assert (found.top1, found.top5) == (0.0, 0.0)


@pytest.mark.parametrize("broken", [(0, slice(None)), (slice(None), 0), (0, 0)])
def test_what_is_not_a_number_scores_nothing(broken: tuple[object, object]) -> None:
    similarity = np.eye(3, dtype=np.float32)
    similarity[broken] = np.nan  # type: ignore[index]
    assert ranks(similarity, np.eye(3, dtype=bool))[0] > 0


def test_the_same_concept_is_the_same_word() -> None:
    assert same(["cat", "owl"], ["owl", "cat", "cat"]).tolist() == [[False, True, True], [True, False, False]]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_chance_is_what_all_orders_give_on_average(k: int) -> None:
    positive = np.array([[True, False, False, False, False], [True, True, False, True, False]])
    hits = [[row[list(order)][:k].any() for row in positive] for order in permutations(range(5))]
    assert chance(positive, k) == pytest.approx(float(np.mean(hits)))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 8))
def test_chance_of_one_right_answer_is_k_of_n(queries: int, candidates: int, k: int) -> None:
    positive = np.zeros((queries, candidates), dtype=bool)
    positive[:, 0] = True
    assert chance(positive, k) == pytest.approx(min(k, candidates) / candidates)


def test_random_embeddings_score_what_chance_says() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random((3000, 30)) < 0.1
    positive[:, 0] = True
    found = recall(rng.normal(size=positive.shape).astype(np.float32), positive)
    assert found.top1 == pytest.approx(found.chance1, abs=0.035)
    assert found.top5 == pytest.approx(found.chance5, abs=0.035)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_recall_depends_on_order_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarity, positive = rng.normal(size=(5, 9)).astype(np.float32), np.eye(5, 9, dtype=bool)
    order = rng.permutation(9)
    assert (ranks(similarity, positive) == ranks(similarity[:, order], positive[:, order])).all()
    assert (ranks(similarity, positive) == ranks(3 * similarity - 7, positive)).all()
