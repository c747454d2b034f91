"""Processes of a round meet in a store of their own, whatever earlier rounds left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import torch.distributed as dist

from sfumato_train import meeting
from sfumato_train.meeting import meet

HERE = "127.0.0.1"
LONG, SHORT = timedelta(seconds=30), timedelta(seconds=1)
RANKS = 3


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "PATIENCE", timedelta(seconds=1))


@pytest.fixture
def lent() -> Iterator[Callable[[], Any]]:
    """A store that outlives rounds, a connection for each who asks."""
    kept = dist.TCPStore(HERE, 0, is_master=True, wait_for_workers=False, timeout=LONG)
    port = kept.port
    yield lambda: dist.TCPStore(HERE, port, is_master=False, wait_for_workers=False, timeout=LONG)
    del kept


def join(lent: Callable[[], Any], rank: int, *, after: float = 0.0, timeout: timedelta = LONG) -> Any:
    time.sleep(after)
    return meet(lent(), HERE, rank, RANKS, timeout=timeout)


def all_together(lent: Callable[[], Any], *, late: int = 0) -> list[Any]:
    with ThreadPoolExecutor(RANKS) as pool:
        coming = [pool.submit(join, lent, rank, after=0.3 * (rank == late)) for rank in range(RANKS)]
        return [one.result(timeout=60) for one in coming]


def check_shared(stores: list[Any]) -> None:
    for rank, store in enumerate(stores):
        store.set(f"from {rank}", str(rank))
    for store in stores:
        assert [store.get(f"from {rank}") for rank in range(RANKS)] == [b"0", b"1", b"2"]


@pytest.mark.parametrize("late", range(RANKS))
def test_everyone_gets_the_same_store_whoever_comes_last(lent: Callable[[], Any], late: int) -> None:
    check_shared(all_together(lent, late=late))


def test_a_second_round_sees_nothing_of_the_first(lent: Callable[[], Any]) -> None:
    first = all_together(lent)
    check_shared(first)
    second = all_together(lent, late=0)
    assert not second[1].check(["from 1"])
    check_shared(second)


def test_the_lent_store_alone_is_what_misled_them(lent: Callable[[], Any]) -> None:
    """The control: a key of the round before is there and is taken for this round's."""
    lent().set("rank 1 listens at", "a dead process")
    assert lent().get("rank 1 listens at") == b"a dead process"


def test_a_store_whose_keeper_died_is_not_waited_for(lent: Callable[[], Any]) -> None:
    died = dist.TCPStore(HERE, 0, is_master=True, wait_for_workers=False, timeout=LONG)
    lent().set(f"port/{lent().add('round', 1)}", str(died.port))
    del died
    check_shared(all_together(lent, late=0))


def test_a_keeper_that_lives_on_keeps_nobody_of_the_next_round(lent: Callable[[], Any]) -> None:
    """Rank 0 of the old round is not dead yet, and its round had begun: who has a rank in it already moves on."""
    old = dist.TCPStore(HERE, 0, is_master=True, wait_for_workers=False, timeout=LONG)
    lent().set(f"port/{lent().add('round', 1)}", str(old.port))
    for rank in range(1, RANKS):
        old.add(f"taken/{rank}", 1)
    old.set("begin", "")
    stores = all_together(lent, late=0)
    check_shared(stores)
    assert not old.check(["from 1"])


def test_who_waits_in_a_round_that_never_begins_goes_to_the_next(lent: Callable[[], Any]) -> None:
    unfinished = dist.TCPStore(HERE, 0, is_master=True, wait_for_workers=False, timeout=LONG)
    lent().set(f"port/{lent().add('round', 1)}", str(unfinished.port))
    check_shared(all_together(lent, late=0))
    assert unfinished.check(["came/1"])


def test_an_announcement_that_was_never_made_is_not_waited_for(lent: Callable[[], Any]) -> None:
    """Rank 0 died between taking its number and telling its port."""
    lent().add("round", 1)
    check_shared(all_together(lent, late=0))


def test_without_rank_0_it_ends_in_an_error(lent: Callable[[], Any]) -> None:
    with pytest.raises(dist.DistStoreError, match="process 2 found no round to join within 1 s"):
        join(lent, 2, timeout=SHORT)


def test_without_the_others_rank_0_does_not_begin(lent: Callable[[], Any]) -> None:
    with pytest.raises(dist.DistStoreError):
        join(lent, 0, timeout=SHORT)


def test_the_lent_store_is_asked_for_where_torchrun_says(
    lent: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER_ADDR", HERE)
    monkeypatch.setenv("MASTER_PORT", str(lent().port))
    meeting.lent_store(LONG).set("said", "here")
    assert lent().get(f"{meeting.PREFIX}/said") == b"here"


def test_it_is_not_needed_to_import_the_trainer() -> None:
    """One process alone opens no sockets."""
    script = "import sfumato_train.distributed as d\nwith d.process_group():\n    print(d.world())"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(0, 1)"
