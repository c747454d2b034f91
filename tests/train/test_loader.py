"""Loader workers: in order, the same for any number of them, and their end is told with the samples it cost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato_train.loader import loaded
from sfumato_train.position import Position
from sfumato_train.samples import STRIDE, Made, TrainingError


class Maker:
    """Samples that tell their number and who made them; slow where the number is even, bad where it is told."""

    def __init__(self, *, dies: int = -1, breaks: int = -1, damaged: int = -1, stops: Path | None = None) -> None:
        self.dies, self.breaks, self.damaged, self.stops = dies, breaks, damaged, stops

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        numbers = range(first, first + count)
        if self.dies in numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.breaks in numbers:
            raise KeyError("caption")
        if self.damaged in numbers:
            raise OSError("truncated")
        if first % 4 == 0:
            time.sleep(0.02)
        picture = torch.arange(count * 24.0).view(count, 2, 3, 4).permute(0, 3, 1, 2)  # channels last in memory
        made_by = torch.full((count,), os.getpid())
        return {"number": torch.tensor(list(numbers)), "picture": picture + first, "made_by": made_by}


def position(*, workers: int, step: int = 0, accumulate: int = 1) -> Position:
    return Position(step=step, samples=8 * step, batch=8, ranks=2, workers=workers, accumulate=accumulate)


def units(maker: Maker, where: Position, *, rank: int = 1, steps: int = 7) -> list[Made]:
    with closing(loaded(maker, where, rank=rank, steps=steps)) as coming:
        return list(coming)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("workers", [0, 1, 2, 3, 9])
def test_any_number_of_workers_gives_the_same_units_in_the_same_order(workers: int, accumulate: int) -> None:
    found = units(Maker(), position(workers=workers, accumulate=accumulate))
    expected = [[8 * step + 4 + j for j in range(4)] for step in range(7)]
    numbers = [number for unit in found for number in unit.batch["number"].tolist()]
    assert numbers == [number for step in expected for number in step]
    assert len(found) == 7 * accumulate
    assert all(unit.batch["picture"][:, 0, 0, 0].tolist()[0] == unit.first for unit in found)


def test_each_worker_makes_its_own_units_whatever_step_the_run_is_resumed_at() -> None:
    for step in (0, 1, 2):
        makers = [int(unit.batch["made_by"][0]) for unit in units(Maker(), position(workers=3, step=step))]
        assert os.getpid() not in makers
        assert len(set(makers)) == 3
        assert makers[3:] == makers[: len(makers) - 3]


def test_a_picture_keeps_its_layout_in_memory_so_that_sums_are_the_same() -> None:
    (alone, *_), (sent, *_) = (units(Maker(), position(workers=workers)) for workers in (0, 2))
    assert sent.batch["picture"].stride() == alone.batch["picture"].stride()
    assert torch.equal(sent.batch["picture"], alone.batch["picture"])


def test_a_worker_that_is_killed_is_told_with_its_samples() -> None:
    with pytest.raises(TrainingError) as caught:
        units(Maker(dies=21), position(workers=2))
    assert str(caught.value) == (
        "Loader worker 0 ended (signal 9, SIGKILL) while it made the samples 20 to 23; "
        "resume, with fewer workers if memory was short."
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_worker_raises_is_told_as_if_there_were_none(workers: int) -> None:
    with pytest.raises(TrainingError, match=r"One of the samples 20 to 23 cannot be made \(KeyError: 'caption'\)"):
        units(Maker(breaks=21), position(workers=workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_damaged_samples_are_replaced_and_named_by_workers_too(workers: int) -> None:
    found = units(Maker(damaged=21), position(workers=workers))
    assert found[2].batch["number"].tolist() == [20, 21 + STRIDE, 22, 23]
    assert [one.sample for unit in found for one in unit.replaced] == [21]


def test_workers_end_when_the_run_stops_early() -> None:
    with closing(loaded(Maker(), position(workers=3), rank=0, steps=10**6)) as coming:
        next(coming)
        assert len(multiprocessing.active_children()) == 3
    assert multiprocessing.active_children() == []


def test_workers_end_when_their_trainer_is_killed() -> None:
    """Else every killed run would leave processes that hold its memory."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        coming = loaded(Maker(), position(workers=2), rank=0, steps=10**6)
        next(coming)
        os.write(writer, " ".join(str(one.pid) for one in multiprocessing.active_children()).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    workers = [int(pid) for pid in os.read(reader, 100).split()]
    os.close(reader), os.close(writer)
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its trainer"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    """Running; one that ended and was not yet waited for by the system's first process is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_signals_for_the_group_do_not_end_workers() -> None:
    with closing(loaded(Maker(), position(workers=2), rank=0, steps=9)) as coming:
        next(coming)
        for process in multiprocessing.active_children():
            for number in (signal.SIGTERM, signal.SIGINT):
                os.kill(process.pid or 0, number)
        assert len(list(coming)) == 8
