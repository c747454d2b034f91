"""Which arithmetic trains faster here: bf16 is twice fp32 on one CPU and half of it on the next."""

import time
from functools import cache

import torch

SIDE = 768
REPEATS = 6


def seconds(dtype: torch.dtype) -> float:
    """Best time of a matrix product in this type."""
    matrix = torch.randn(SIDE, SIDE).to(dtype)
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - started)
    return best


@cache
def bf16_is_faster() -> bool:
    """Whether a bf16 matrix product beats an fp32 one on this machine, measured once a process."""
    return seconds(torch.bfloat16) < seconds(torch.float32)
