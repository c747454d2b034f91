"""Zero-shot scores against counting and against theory, and the whole measurement on a small data set."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.bundle.manifest import Embedding
from sfumato.engine.base import Engine
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.measure import MEASUREMENTS
from sfumato_train.evals.own_clip import OwnClip
from sfumato_train.evals.report import Scores
from sfumato_train.evals.zero_shot import (
    Quiz,
    accuracy,
    area_under_curve,
    calibration_error,
    expected_error,
    fit_threshold,
    hot_dog_scores,
    lists,
    measure_zero_shot,
    opposite,
)
from support.tiny_data import make_tiny_data, rows

EMBEDDING = Embedding(dim=4, scale=1.0, logit_scale=10.0, threshold=0.4)
SEEDS = st.integers(0, 2**32 - 1)


def quiz_of(cosines: np.ndarray, right: np.ndarray, near: np.ndarray | None = None) -> Quiz:
    return Quiz(
        cosines=cosines.astype(np.float32), right=right, near=np.zeros_like(right) if near is None else near
    )


def random_quiz(seed: int, pictures: int = 6, labels: int = 7) -> Quiz:
    rng = np.random.default_rng(seed)
    right = np.zeros((pictures, labels), bool)
    right[np.arange(pictures), rng.integers(0, labels, pictures)] = True
    return quiz_of(rng.normal(size=(pictures, labels)), right)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 7))
def test_accuracy_is_the_mean_over_all_sets_of_labels(seed: int, shown: int) -> None:
    quiz = random_quiz(seed)
    hits = []
    for cosines, right in zip(quiz.cosines, quiz.right, strict=True):
        own, wrong = cosines[right][0], cosines[~right]
        hits.append(np.mean([own > max(others, default=-np.inf) for others in combinations(wrong, shown - 1)]))
    assert accuracy(quiz, shown) == pytest.approx(np.mean(hits))


def test_one_label_is_always_right_and_perfect_ones_stay_so() -> None:
    assert accuracy(random_quiz(0), 1) == 1
    eye = np.eye(8, dtype=bool)
    assert accuracy(quiz_of(eye, eye), 8) == 1
    assert accuracy(quiz_of(-eye.astype(float), eye), 2) == 0
    assert accuracy(quiz_of(np.zeros((8, 8)), eye), 2) == 0, "ties count against the picture"


def test_guessing_scores_chance() -> None:
    assert accuracy(random_quiz(1, 4000, 30), 10) == pytest.approx(0.1, abs=0.02)


def gaussian_quiz(threshold: float, slope: float) -> Quiz:
    """Right and wrong cosines whose log odds are slope · (cosine - threshold): two Gaussians of equal spread s, means
    threshold ± slope · s² / 2 (Bayes)."""
    rng, spread = np.random.default_rng(0), 0.2
    shift = slope * spread**2 / 2
    means = np.array([[threshold + shift, threshold - shift]]).repeat(40_000, axis=0)
    return quiz_of(rng.normal(means, spread), np.array([[True, False]]).repeat(40_000, axis=0))


@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.39])
def test_the_fitted_threshold_is_the_one_of_bayes(threshold: float) -> None:
    assert fit_threshold(gaussian_quiz(threshold, 10.0), 10.0) == pytest.approx(threshold, abs=0.01)


def test_opposites_are_counted() -> None:
    right = np.array([[True, False, False], [False, True, False]])
    near = np.array([[False, True, False], [False, False, False]])
    scores = opposite(quiz_of(np.array([[0.5, 0.45, 0.1], [0.2, 0.3, 0.1]]), right, near), EMBEDDING)
    assert scores == pytest.approx(
        {"found": 0.5, "refused": 0.75, "balanced": 0.625, "area": 7 / 8, "refused_near": 0.0}
    )


def test_opposites_without_anything_near() -> None:
    assert "refused_near" not in opposite(random_quiz(0), EMBEDDING)


@settings(max_examples=30)
@given(SEEDS)
def test_area_is_the_share_of_right_orders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 5, 6).astype(np.float32), rng.integers(0, 5, 9).astype(np.float32)
    pairs = [1.0 if p > n else 0.5 if p == n else 0.0 for p in one for n in other]
    assert area_under_curve(one, other) == pytest.approx(np.mean(pairs))


def test_calibration_of_the_sure_and_the_right() -> None:
    assert expected_error(np.array([0.75] * 4), np.array([True, True, True, False])) == pytest.approx(0)
    assert expected_error(np.array([1.0] * 4), np.array([False] * 4)) == pytest.approx(1)
    assert expected_error(np.array([0.95, 0.55]), np.array([True, False])) == pytest.approx((0.05 + 0.55) / 2)


def test_a_calibrated_model_has_little_error_and_an_overconfident_one_more() -> None:
    """Labels drawn from the softmax itself: no better confidence exists."""
    rng = np.random.default_rng(0)
    cosines = rng.normal(0, 0.3, (3000, 10)).astype(np.float32)
    logits = EMBEDDING.logit_scale * cosines
    label = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    quiz = quiz_of(cosines, np.eye(10, dtype=bool)[label])
    fair = calibration_error(quiz, EMBEDDING, np.random.default_rng(1))
    bold = calibration_error(quiz, replace(EMBEDDING, logit_scale=40.0), np.random.default_rng(1))
    assert fair < 0.03
    assert bold > 0.08


def test_hot_dogs_are_counted() -> None:
    dogs, food = np.array([0.9, 0.2, 0.6], np.float32), np.array([0.1, 0.7], np.float32)
    scores = hot_dog_scores(dogs, food, np.array([True, False, False]))
    assert scores == pytest.approx(
        {"found": 2 / 3, "refused": 0.5, "balanced": 7 / 12, "found_unseen": 1, "unseen": 1, "hot_dogs": 3, "food": 2}
    )
    assert "unseen" not in hot_dog_scores(dogs, food, np.zeros(3, bool))


def test_lists_are_held_out_and_the_same_every_time(store: PictureStore) -> None:
    found = dict(lists(store, 500, 0))
    assert list(found) == ["unseen_pair", "unseen_concept"]
    assert {store.records[i].split for i in found["unseen_pair"]} == {"heldout_pair"}
    again = dict(lists(store, 3, 0))
    assert all(again[name].tolist() == found[name][:3].tolist() for name in found)


def bench(engine: Engine, data: Path, out: Path) -> Bench:
    out.mkdir(exist_ok=True)
    config = EvalConfig(prompts=3, captions=6)
    return Bench(engine=engine, clip=OwnClip(engine), store=PictureStore(data), config=config, out=out)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dots, some of which are hot dogs now."""
    dogs = [("hot dog", "flat emoji", "train"), ("hot dog", "clip art", "heldout_pair")]
    return make_tiny_data(tmp_path_factory.mktemp("kitchen") / "data", [*rows(), *dogs])


@pytest.fixture(scope="module")
def scores(engine: Engine, kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Scores:
    return measure_zero_shot(bench(engine, kitchen, tmp_path_factory.mktemp("out")))


def test_a_whole_measurement(scores: Scores) -> None:
    for name in ("unseen_pair", "unseen_concept"):
        for variant in ("", ".templates", ".control"):
            assert 0 <= scores[f"zero_shot.{name}{variant}.of_10"] <= 1
        assert scores[f"zero_shot.{name}.of_10.chance"] == 1 / scores[f"zero_shot.{name}.labels"]
        assert 0 <= scores[f"zero_shot.{name}.calibration_error"] <= 1
        assert 0 <= scores[f"zero_shot.{name}.opposite.area"] <= 1
    assert -1 <= scores["zero_shot.threshold"] <= 1
    assert all(isinstance(value, float) for value in scores.values())


def test_it_is_the_same_every_time(engine: Engine, kitchen: Path, tmp_path: Path, scores: Scores) -> None:
    assert measure_zero_shot(bench(engine, kitchen, tmp_path)) == scores


def test_data_without_hot_dogs(engine: Engine, tiny_data: Path, tmp_path: Path) -> None:
    assert not any("hot_dog" in name for name in measure_zero_shot(bench(engine, tiny_data, tmp_path)))


def test_the_app(engine: Engine, kitchen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is food here, so the held-out dots are what must be told from the two hot dogs."""
    monkeypatch.setattr("sfumato_train.evals.zero_shot.FOOD", "objects")
    scores = measure_zero_shot(bench(engine, kitchen, tmp_path))
    assert (scores["zero_shot.hot_dog.hot_dogs"], scores["zero_shot.hot_dog.food"]) == (2, 14)
    with Image.open(tmp_path / "hot-dog.png") as image:
        assert image.width > image.height


def test_it_is_one_of_the_measurements() -> None:
    assert MEASUREMENTS["zero_shot"] is measure_zero_shot
