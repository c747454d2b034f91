"""Where the processes of one round of an elastic run meet: a key-value store that no earlier round has written to.

torchrun lends its workers one store for all rounds, so that after a restart a process may read where a dead one had
listened, and wait for it until it gives up (seen in one of two restarts with PyTorch 2.13). Counting restarts does not
help, since every machine counts its own. Here rank 0 opens a store of its own each time, announces it in the lent one,
and lets everyone begin once all have come; whoever finds a store that is gone, or already has its rank, looks again.
"""

import os
import time
from datetime import timedelta
from typing import Any

import torch.distributed as dist

# PyTorch gives them out there and does not say so to type checkers.
PrefixStore: Any = dist.PrefixStore  # type: ignore[attr-defined]
TCPStore: Any = dist.TCPStore  # type: ignore[attr-defined]

PREFIX = "sfumato"
PATIENCE = timedelta(seconds=5)
"""After it a process that waits in one store looks whether another was announced."""
PAUSE = 0.05


def lent_store(timeout: timedelta) -> Any:
    """The store that torchrun keeps for its workers."""
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return PrefixStore(PREFIX, TCPStore(address, port, is_master=False, timeout=timeout))


def meet(lent: Any, address: str, rank: int, ranks: int, *, timeout: timedelta) -> Any:
    """The store of this round, the same for all `ranks` processes; every one must call it.

    lent: a store that all can reach, from which nothing is taken for granted; address: of rank 0's machine.
    Raises torch.distributed.DistStoreError when not all have come within `timeout`.
    """
    return _open(lent, address, ranks, timeout) if rank == 0 else _find(lent, address, rank, timeout)


def _open(lent: Any, address: str, ranks: int, timeout: timedelta) -> Any:
    own = TCPStore(address, 0, is_master=True, wait_for_workers=False, timeout=timeout)
    number = lent.add("round", 1)
    lent.set(f"port/{number}", str(own.port))
    own.wait([f"came/{rank}" for rank in range(1, ranks)], timeout)
    own.set("begin", "")
    return own


def _find(lent: Any, address: str, rank: int, timeout: timedelta) -> Any:
    deadline = time.monotonic() + timeout.total_seconds()
    while time.monotonic() < deadline:
        number = lent.add("round", 0)
        found = _joined(lent, number, address, rank, timeout) if number else None
        if found is not None:
            return found
        time.sleep(PAUSE)
    raise dist.DistStoreError(f"process {rank} found no round to join within {timeout.total_seconds():.0f} s")


def _joined(lent: Any, number: int, address: str, rank: int, timeout: timedelta) -> Any:
    """The store announced under that number; None where it is not this round's."""
    try:
        lent.wait([f"port/{number}"], PATIENCE)
        store = TCPStore(
            address, int(lent.get(f"port/{number}")), is_master=False, wait_for_workers=False, timeout=PATIENCE
        )
        if store.add(f"taken/{rank}", 1) > 1:
            return None  # the process of this rank that died with that round
        store.set(f"came/{rank}", "")
        while not store.check(["begin"]):
            if lent.add("round", 0) != number:
                return None
            time.sleep(PAUSE)
        store.set_timeout(timeout)
    except dist.DistError:  # the one who kept it is gone
        return None
    return store
