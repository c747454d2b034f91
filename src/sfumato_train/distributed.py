"""Ranks under `torchrun`: the environment tells how many there are; alone, a process is rank 0 of 1."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from sfumato.errors import OutputError
from sfumato_train.meeting import lent_store, meet

LONGEST_WAIT = timedelta(minutes=10)
"""For the others: a sheet or a save of rank 0 must be shorter; a connection that hangs ends in an error after it."""

LETTING_GO = 0.1
"""Seconds."""


def world() -> tuple[int, int]:
    """(rank, number of ranks)."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def process_group() -> Iterator[None]:
    """Join the other ranks for the time of a run; nothing happens alone."""
    if world()[1] == 1:
        yield
        return
    _join()
    try:
        yield
    finally:
        # A thread of gloo may still have to let go of the last collective's tensors, for which it needs Python's lock:
        # taken apart meanwhile, the group would wait for that thread with the lock in hand, for ever.
        time.sleep(LETTING_GO)
        dist.destroy_process_group()


def _join() -> None:
    """Networks are trained on the CPU, so over gloo; what may be restarted meets anew each time."""
    if not (elastic() and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"):
        dist.init_process_group("gloo", timeout=LONGEST_WAIT)
        return
    rank, ranks = world()
    store = meet(lent_store(LONGEST_WAIT), os.environ["MASTER_ADDR"], rank, ranks, timeout=LONGEST_WAIT)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=ranks, timeout=LONGEST_WAIT)


def elastic() -> bool:
    """Whether torchrun may begin this process again with the same command (`--max-restarts`).

    That it did cannot be told: when machines come or go it begins all again and counts no restart.
    """
    return int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0


def wrapped(network: nn.Module) -> nn.Module:
    """The network, made to average gradients over ranks where there are several."""
    if world()[1] == 1:
        return network
    return nn.parallel.DistributedDataParallel(network)


def gathered(x_BD: Tensor) -> Tensor:
    """Rows of all ranks, in rank order; every rank has equally many.

    Gradients flow to the rank that a row came from, summed over the losses of all ranks: with the mean over ranks that
    `wrapped` takes, they are those of the mean of the losses over the whole batch.
    """
    if world()[1] == 1:
        return x_BD
    rows: Tensor = _Gather.apply(x_BD)  # type: ignore[no-untyped-call]
    return rows


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_BD: Tensor) -> Tensor:
        rank, count = world()
        ctx.own = slice(rank * len(x_BD), (rank + 1) * len(x_BD))
        parts = [torch.empty_like(x_BD, memory_format=torch.contiguous_format) for _ in range(count)]
        dist.all_gather(parts, x_BD.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total[ctx.own]


def summed(value: Tensor) -> Tensor:
    """Sum of numbers over ranks."""
    if world()[1] == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total


def same(text: str) -> str:
    """What rank 0 says, on every rank."""
    if world()[1] == 1:
        return text
    data = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8) if text else torch.empty(0, dtype=torch.uint8)
    length = torch.tensor(len(data))
    dist.broadcast(length, 0)
    if world()[0]:
        data = torch.empty(int(length), dtype=torch.uint8)
    dist.broadcast(data, 0)
    return data.numpy().tobytes().decode()


def everyones(value: Tensor) -> list[Tensor]:
    """A tensor of the same shape from every rank, in rank order."""
    if world()[1] == 1:
        return [value]
    parts = [torch.empty_like(value) for _ in range(world()[1])]
    dist.all_gather(parts, value)
    return parts


def together(action: Callable[[], None], *, failure: str) -> None:
    """Do something on every rank and go on only if it succeeded on all; the others learn of it, none waits for ever.

    Raises the OutputError of this rank (made of `failure` where it was an OSError), or one that names another rank.
    """
    error: OutputError | None = None
    try:
        action()
    except OutputError as caught:
        error = caught
    except OSError as caught:
        error = OutputError(f"{failure} ({caught}); free some space and resume.")
    failed = [int(flag) for flag in everyones(torch.tensor(int(error is not None)))]
    if error is not None:
        raise error
    if any(failed):
        raise OutputError(f"{failure} (process {failed.index(1)} failed); free some space and resume.")


def averaged(value: Tensor) -> Tensor:
    """Mean of a number over ranks."""
    count = world()[1]
    if count == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / count
