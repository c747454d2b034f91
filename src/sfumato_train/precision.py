"""Which arithmetic trains faster here: bf16 is twice fp32 on one CPU and half of it on the next."""

import time
from functools import cache

import torch

from sfumato_train.distributed import same

SIDE = 768
REPEATS = 6
BF16, FP32 = "bfloat16", "float32"


def seconds(dtype: torch.dtype) -> float:
    """Best time of a matrix product in this type."""
    matrix = torch.randn(SIDE, SIDE, generator=torch.Generator()).to(dtype)
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


def choose(wanted: bool | None, before: str) -> tuple[str, str]:
    """The precision of a run and a note on it, empty where there is nothing to say; rank 0 decides for all.

    `wanted` is the setting, `before` what the newest checkpoint was computed in ("" for none). Without a setting a run
    stays what it was: a measurement that fell out otherwise this time would change its numbers.
    """
    told = same(_decide(wanted, before))
    chosen, _, note = told.partition("\n")
    return chosen, note


def _decide(wanted: bool | None, before: str) -> str:
    if wanted is None:
        faster = BF16 if bf16_is_faster() else FP32
        if before not in ("", faster):
            setting = f"--set train.bf16={str(faster == BF16).lower()} changes it"
            return f"{before}\nThe run goes on in {before}, though {faster} is faster on this machine; {setting}."
        return faster
    chosen = BF16 if wanted else FP32
    return f"{chosen}\nThe precision changes from {before} to {chosen}." if before not in ("", chosen) else chosen
