"""The machine a measurement ran on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Cores that this process may use, memory in GiB (None where unknown), and the processor's name."""

    cores: int
    memory_gib: float | None
    cpu: str

    def short(self) -> str:
        """ "2 cores, 24 GiB"."""
        memory = "" if self.memory_gib is None else f", {self.memory_gib:.0f} GiB"
        return f"{self.cores} core{'s' if self.cores != 1 else ''}{memory}"


def machine() -> Machine:
    """This machine."""
    return Machine(cores=_cores(), memory_gib=_memory(), cpu=_cpu())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
