"""A tensor that may be spread over processes, and the rows of it that this one holds.

`fully_shard` cuts every parameter along its first dimension as `torch.chunk` does: rank r of R holds rows r·⌈n/R⌉ up
to (r+1)·⌈n/R⌉, the last ranks fewer or none. What is no `DTensor` is whole on every rank.
"""

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Shard

from sfumato_train.distributed import world


def spread(tensor: Tensor) -> bool:
    """Whether this process holds only some rows."""
    return isinstance(tensor, DTensor)


@torch.no_grad()
def local(tensor: Tensor) -> Tensor:
    """The rows that this process holds, sharing memory with `tensor`."""
    if not isinstance(tensor, DTensor):
        return tensor.detach()
    assert tensor.placements == (Shard(0),), "parameters are cut along their first dimension"
    part: Tensor = tensor.to_local()
    return part.detach()


def rows(count: int, rank: int, ranks: int) -> tuple[int, int]:
    """First row and the row after the last of a rank's part of `count` rows."""
    each = -(-count // ranks)
    return min(rank * each, count), min((rank + 1) * each, count)


def own_rows(tensor: Tensor) -> tuple[int, int] | None:
    """This process's rows of a spread tensor, None for a whole one."""
    if not spread(tensor):
        return None
    first, last = rows(tensor.shape[0], *world())
    assert last - first == len(local(tensor)), "rows are cut as torch.chunk cuts them"
    return first, last
