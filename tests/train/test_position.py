"""Positions: every sample belongs to one rank, one worker and one unit, and what is stored says so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato_train.position import Position, position_in


@st.composite
def positions(draw: st.DrawFn) -> Position:
    ranks, accumulate, unit = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 5))
    return Position(
        step=draw(st.integers(0, 9)),
        samples=draw(st.integers(0, 1000)),
        batch=ranks * accumulate * unit,
        ranks=ranks,
        workers=draw(st.integers(0, 4)),
        accumulate=accumulate,
    )


@given(positions(), st.integers(1, 6))
def test_units_cover_the_samples_once_whatever_the_division(where: Position, more: int) -> None:
    firsts = [where.first(unit, rank) for rank in range(where.ranks) for unit in where.units(where.step + more)]
    seen = sorted(first + j for first in firsts for j in range(where.unit))
    assert seen == list(range(where.samples, where.samples + more * where.batch))


@given(positions())
def test_the_samples_of_a_step_are_those_of_one_process(where: Position) -> None:
    begin = where.step * where.accumulate
    firsts = [where.first(begin + part, rank) for rank in range(where.ranks) for part in range(where.accumulate)]
    assert firsts == [where.samples + n * where.unit for n in range(where.ranks * where.accumulate)]


@given(positions())
def test_each_worker_is_told_the_first_sample_of_its_own_next_unit(where: Position) -> None:
    workers = max(1, where.workers)
    for rank, told in enumerate(where.next_samples()):
        begin = where.step * where.accumulate
        coming = {unit % workers: where.first(unit, rank) for unit in reversed(range(begin, begin + workers))}
        assert told == [coming[worker] for worker in range(workers)]


@given(positions())
def test_what_is_stored_comes_back(where: Position) -> None:
    assert position_in({"step": str(where.step), "position": where.to_json()}) == where


@given(positions())
def test_what_contradicts_itself_is_refused(where: Position) -> None:
    told = json.loads(where.to_json())
    spoilt = [told | {"samples": where.samples + 1}, told | {"next": told["next"][1:]}]
    for wrong in (*spoilt, told | {"step": where.step + 1}):
        with pytest.raises(ValueError, match="contradicts itself"):
            position_in({"step": str(where.step), "position": json.dumps(wrong)})


def test_a_checkpoint_from_before_positions_has_its_stages_batch() -> None:
    stage = json.dumps({"train": {"batch": 16}})
    assert position_in({"step": "900", "stage": stage}) == Position(step=900, samples=14400, batch=16)


def test_metadata_of_no_run_has_no_position() -> None:
    assert position_in({}) is None
    assert position_in({"step": "3"}) is None
