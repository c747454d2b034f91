"""Memory of a process and its children over time, and whether it grows."""

from __future__ import annotations

import math
import threading
import time
from types import TracebackType

import numpy as np
import psutil


class MemoryWatch:
    """Within `with`, samples the resident memory of this process and of all below it, every `every` seconds.

    `samples`: (seconds since the start, bytes). Pages that processes share count in each of them.
    """

    def __init__(self, every: float = 1.0) -> None:
        self.samples: list[tuple[float, int]] = []
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._started = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.samples.append((time.perf_counter() - self._started, resident()))
            if self._stop.wait(self._every):
                return

    @property
    def peak(self) -> int:
        """In bytes."""
        return max(size for _, size in self.samples)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def slope(self, start: float = 0.0, end: float = math.inf, *, settle: float = 0.3) -> float:
        """Growth in bytes a minute between two times (least squares), without the first `settle` of that time.

        0 where there are too few samples.
        """
        end = min(end, self.samples[-1][0])
        start += settle * (end - start)
        late = np.array([sample for sample in self.samples if start <= sample[0] <= end], float)
        if len(late) < 3:
            return 0.0
        return float(np.polyfit(late[:, 0] / 60, late[:, 1], 1)[0])


def resident() -> int:
    """Bytes of this process and of all that it started."""
    me = psutil.Process()
    total = 0
    for process in (me, *me.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
