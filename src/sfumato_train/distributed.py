"""Ranks under `torchrun`: the environment tells how many there are; alone, a process is rank 0 of 1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


def world() -> tuple[int, int]:
    """(rank, number of ranks)."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def process_group() -> Iterator[None]:
    """Join the other ranks for the time of a run; nothing happens alone."""
    if world()[1] == 1:
        yield
        return
    dist.init_process_group("gloo")  # networks are trained on the CPU
    try:
        yield
    finally:
        dist.destroy_process_group()


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


def averaged(value: Tensor) -> Tensor:
    """Mean of a number over ranks."""
    count = world()[1]
    if count == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / count
