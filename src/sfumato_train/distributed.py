"""Ranks under `torchrun`: the environment tells how many there are; alone, a process is rank 0 of 1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
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
    """Rows of all ranks, in rank order, with gradients to this rank's own."""
    rank, count = world()
    if count == 1:
        return x_BD
    parts = [torch.empty_like(x_BD) for _ in range(count)]
    dist.all_gather(parts, x_BD.detach().contiguous())
    parts[rank] = x_BD
    return torch.cat(parts)


def averaged(value: Tensor) -> Tensor:
    """Mean of a number over ranks."""
    count = world()[1]
    if count == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / count
