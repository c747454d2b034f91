"""Draw many items with several processes, in work files."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from .readers import Item
from .units import draw_unit, unit_path

UNIT = 64


def draw(
    items: Sequence[Item],
    root: Path,
    *,
    size: int,
    crop: bool = False,
    workers: int = 2,
    per_unit: int = UNIT,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """The work files of `items` (all of one source), in order; those that are missing are drawn.

    `progress` is called with the number of items that each finished work file holds.
    """
    units = [items[i : i + per_unit] for i in range(0, len(items), per_unit)]
    paths = [unit_path(root, unit, size, crop) for unit in units]
    missing = [(p, u) for p, u in zip(paths, units, strict=True) if not p.exists()]
    progress(len(items) - sum(len(u) for _, u in missing))
    if not missing:
        return paths
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool:
        waiting = {pool.submit(draw_unit, path, unit, size, crop): len(unit) for path, unit in missing}
        try:
            for future in as_completed(waiting):
                future.result()
                progress(waiting[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return paths


def end_with_parent() -> None:
    """Let this process end when its parent is killed; it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
