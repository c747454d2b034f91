"""What the machine can do at best: floating-point operations a second in a large matrix product."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch

SIDE = 1536
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def matmul_rate(dtype: torch.dtype, *, seconds: float, side: int = SIDE) -> float:
    """FLOP/s of C = A·B with square matrices, 2·side³ operations each; the median of products for so long."""
    a, b = (torch.randn(side, side, generator=torch.Generator().manual_seed(seed)).to(dtype) for seed in (0, 1))
    return 2.0 * side**3 / median(durations(lambda: torch.mm(a, b), seconds=seconds))


def durations(work: Callable[[], object], *, seconds: float, warm_up: int = 1) -> list[float]:
    """Seconds of each run, at least one, until `seconds` are over; after a warm-up."""
    for _ in range(warm_up):
        work()
    found: list[float] = []
    while not found or sum(found) < seconds:
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return found
