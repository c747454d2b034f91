"""Intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato_train.evals.bootstrap import interval, paired


def test_the_mean_is_that_of_the_groups_whatever_their_sizes() -> None:
    groups = {"few": np.array([1.0, 1.0]), "many": np.zeros(100)}
    found = interval(groups, np.random.default_rng(0))
    assert found.mean == 0.5


def test_what_does_not_vary_is_sure() -> None:
    found = interval({"all": np.full(20, 0.25)}, np.random.default_rng(0))
    assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)


def test_its_width_is_that_of_the_mean_of_coins() -> None:
    """For n coins the deviation of the mean is √(p(1-p)/n), and 95 % lie within 1.96 of them."""
    values = np.random.default_rng(0).random(400) < 0.3
    found = interval({"coins": values.astype(np.float64)}, np.random.default_rng(1))
    p = values.mean()
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.sqrt(p * (1 - p) / 400), rel=0.1)


def test_it_covers_the_truth_nineteen_times_of_twenty() -> None:
    covered = 0
    for k in range(200):
        rng = np.random.default_rng(k)
        groups = {"a": (rng.random(60) < 0.3).astype(np.float64), "b": (rng.random(60) < 0.7).astype(np.float64)}
        found = interval(groups, rng)
        covered += found.low <= 0.5 <= found.high
    assert 0.89 <= covered / 200 <= 0.99


def test_two_models_on_the_same_prompts_are_told_apart_sooner() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(300)
    first = {"task": (hard < 0.55).astype(np.float64)}
    second = {"task": (hard < 0.50).astype(np.float64)}
    difference = paired(first, second, rng)
    assert difference.low > 0
    alone = [interval(one, rng) for one in (first, second)]
    assert alone[0].low < alone[1].high, "two separate intervals overlap"


def test_the_same_seed_gives_the_same_interval() -> None:
    groups = {"all": np.random.default_rng(0).random(30)}
    first, second = (interval(groups, np.random.default_rng(5)) for _ in range(2))
    assert first == second
