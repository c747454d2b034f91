"""Samples that cannot be made: which takes their place is a rule, and it is told."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sfumato_train.samples import STRIDE, TRIES, Replaced, TrainingError, joined, made


class Damaged:
    """Makes samples that tell their number, but for some."""

    def __init__(self, broken: dict[int, Exception]) -> None:
        self.broken = broken

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        numbers = range(first, first + count)
        for number in numbers:
            if number in self.broken:
                raise self.broken[number]
        longest = max(number % 4 for number in numbers) + 1  # as captions
        tokens = torch.tensor([[1 if place <= number % 4 else 0 for place in range(longest)] for number in numbers])
        return {"number": torch.tensor(list(numbers)), "tokens": tokens}


def test_whole_batches_are_as_they_are() -> None:
    unit = made(Damaged({}), 8, 4)
    assert unit.first == 8
    assert unit.batch["number"].tolist() == [8, 9, 10, 11]
    assert unit.replaced == ()


@pytest.mark.parametrize("error", [OSError("truncated"), SyntaxError("broken PNG"), ValueError("bad header")])
def test_a_damaged_sample_is_replaced_by_rule_and_named(error: Exception) -> None:
    unit = made(Damaged({9: error, 10: error, 10 + STRIDE: error}), 8, 4)
    assert unit.batch["number"].tolist() == [8, 9 + STRIDE, 10 + 2 * STRIDE, 11]
    reason = f"{type(error).__name__}: {error}"
    assert unit.replaced == (
        Replaced(sample=9, by=9 + STRIDE, reason=reason),
        Replaced(sample=10, by=10 + 2 * STRIDE, reason=reason),
    )


def test_the_place_of_a_sample_does_not_depend_on_the_batch_it_is_in() -> None:
    broken: dict[int, Exception] = {9: OSError(), 14: OSError(), 14 + STRIDE: OSError()}
    whole = made(Damaged(broken), 8, 8).batch["number"]
    parts = [made(Damaged(broken), first, 2).batch["number"] for first in (8, 10, 12, 14)]
    assert torch.equal(whole, torch.cat(parts))


def test_captions_of_several_lengths_are_filled_up_with_zeros() -> None:
    unit = made(Damaged({8: OSError()}), 8, 3)
    assert unit.batch["tokens"].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_where_all_replacements_fail_too_the_sample_is_named() -> None:
    broken: dict[int, Exception] = {5 + k * STRIDE: OSError(f"disk {k}") for k in range(TRIES + 1)}
    with pytest.raises(TrainingError, match=r"^Sample 5 cannot be made \(OSError: disk 0\), and neither can those"):
        made(Damaged(broken), 4, 4)


def test_a_mistake_in_the_program_is_no_damage() -> None:
    with pytest.raises(TrainingError, match=r"^One of the samples 4 to 7 cannot be made \(KeyError: 'x'\)"):
        made(Damaged({5: KeyError("x")}), 4, 4)
    with pytest.raises(TrainingError, match=r"^Sample 6 cannot be made \(TypeError: no\)"):
        made(Damaged({5: OSError(), 6: TypeError("no")}), 5, 2)


def test_joining_fills_every_dimension_but_the_first() -> None:
    one, other = torch.ones(1, 2, 3), torch.ones(2, 1, 4)
    out = joined([{"x": one}, {"x": other}])["x"]
    assert out.shape == (3, 2, 4)
    assert out.sum() == one.sum() + other.sum()
