"""Where steps run: in this process, in a pool of processes, or on Ray Data. What they do is the same."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from typing import Any, Literal, get_args

from sfumato.errors import InputError

from ..draw import end_with_parent
from .steps import Task, run

Name = Literal["local", "ray"]
Runner = Callable[[Sequence[Task]], Iterator[None]]
"""Runs tasks in any order and yields after each one."""


def runner(name: str, workers: int) -> Runner:
    """The runner of that name; InputError for an unknown or uninstalled one."""
    if name not in get_args(Name):
        raise InputError(f"There is no engine {name!r} for preparing data; choose {' or '.join(get_args(Name))}.")
    if name == "ray":
        return _ray(workers)
    return _here if workers == 1 else lambda tasks: _pool(tasks, workers)


def _here(tasks: Sequence[Task]) -> Iterator[None]:
    for task in tasks:
        run(task)
        yield


def _pool(tasks: Sequence[Task], workers: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool:
        waiting = [pool.submit(run, task) for task in tasks]
        try:
            for future in as_completed(waiting):
                future.result()
                yield
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ray(workers: int) -> Runner:
    try:
        ray, data = import_module("ray"), import_module("ray.data")
    except ModuleNotFoundError as error:
        raise InputError(f"The engine ray needs the package {error.name}; install sfumato[cluster].") from None

    def go(tasks: Sequence[Task]) -> Iterator[None]:
        _join(ray, workers)
        data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        numbers = data.from_items([{"number": n} for n in range(len(tasks))], override_num_blocks=max(1, len(tasks)))

        def one(row: dict[str, Any]) -> dict[str, Any]:
            run(tasks[row["number"]])
            return row

        for _ in numbers.map(one).iter_rows():
            yield

    return go


def _join(ray: Any, workers: int) -> None:
    """The cluster that RAY_ADDRESS names, or one of this machine's own with as many CPUs as workers."""
    if ray.is_initialized():
        return
    own = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers, "include_dashboard": False}
    ray.init(log_to_driver=False, logging_level="error", **own)
