"""Confidence intervals by drawing prompts again (Efron 1979), so that they hold for other prompts of the same kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean of means, with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


def interval(groups: Mapping[str, Values], rng: np.random.Generator) -> Interval:
    """The mean over groups of each group's mean; every group draws its own prompts again."""
    drawn = np.mean([_means(values, rng) for values in groups.values()], axis=0)
    return _interval(float(np.mean([values.mean() for values in groups.values()])), drawn)


def paired(first: Mapping[str, Values], second: Mapping[str, Values], rng: np.random.Generator) -> Interval:
    """`first` - `second` on the same prompts: what the prompts have in common cancels, so that the interval is narrower
    than two separate ones suggest.
    """
    return interval({name: first[name] - second[name] for name in first}, rng)


def _means(values: Values, rng: np.random.Generator) -> Values:
    means: Values = values[rng.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    return means


def _interval(mean: float, drawn: Values) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean=mean, low=float(low), high=float(high))
