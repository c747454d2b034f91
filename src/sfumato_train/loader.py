"""Units of samples ahead of use: made by a thread, or by worker processes, always in order.

Unit u belongs to worker u mod N. A worker makes its units one after another and hands each over a pipe, which it cannot
do before the last was taken: so N units are ready ahead and there is nothing to configure, and the order in which they
arrive is fixed whatever the workers' speed.
"""

import contextlib
import signal
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato_train.position import Position
from sfumato_train.samples import Made, Maker, Replaced, TrainingError, made
from sfumato_train.signals import ASKED

Place = tuple[int, int]
"""First sample and number of samples of a unit."""


def loaded(maker: Maker, position: Position, *, rank: int, steps: int) -> Generator[Made]:
    """A rank's units from a position to the end of the run.

    Raises TrainingError naming the samples when they cannot be made or the worker that makes them ends.
    """
    places = Places(position=position, rank=rank)
    units = position.units(steps)
    return _from_workers(maker, places, units) if position.workers else _from_thread(maker, places, units)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where in the samples a unit of a rank lies."""

    position: Position
    rank: int

    def of(self, unit: int) -> Place:
        """First sample and count."""
        return self.position.first(unit, self.rank), self.position.unit


def _from_thread(maker: Maker, places: Places, units: range) -> Generator[Made]:
    """The next unit is made while the present one trains."""
    with ThreadPoolExecutor(1) as pool:
        coming: Future[Made] | None = None
        for unit in units:
            present = coming or pool.submit(made, maker, *places.of(unit))
            coming = pool.submit(made, maker, *places.of(unit + 1)) if unit + 1 in units else None
            yield present.result()


def _from_workers(maker: Maker, places: Places, units: range) -> Generator[Made]:
    # A forked process has the data set open and need not be sent the task, which may not be sendable.
    context: Any = get_context("fork" if "fork" in get_all_start_methods() else None)
    readers: list[Connection] = []
    processes: list[Any] = []
    workers = places.position.workers
    try:
        for worker in range(workers):
            reader, writer = context.Pipe(duplex=False)
            readers.append(reader)
            own = units[(worker - units.start) % workers :: workers]
            arguments = (maker, places, own, writer, tuple(readers))
            processes.append(context.Process(target=_work, args=arguments, daemon=True, name=f"loader-{worker}"))
            with _held_back():
                processes[-1].start()
            writer.close()  # else the end of a worker would not end its pipe, and the next worker would inherit it
        for unit in units:
            worker = unit % workers
            yield _received(readers[worker], processes[worker], worker, places.of(unit))
    finally:
        for reader in readers:
            reader.close()
        for process in processes:
            process.kill()
            process.join()


@contextlib.contextmanager
def _held_back() -> Generator[None]:
    """A signal for the whole group waits until a new worker has learnt to ignore it; where there are masks."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _received(reader: Connection, process: Any, worker: int, place: Place) -> Made:
    first, last = place[0], sum(place) - 1
    try:
        kind, *content = reader.recv()
    except (EOFError, OSError) as error:
        process.join(timeout=10)
        raise TrainingError(
            f"Loader worker {worker} ended ({_how(process.exitcode)}) while it made the samples {first} to {last}; "
            "resume, with fewer workers if memory was short."
        ) from error
    if kind == "error":
        raise TrainingError(content[0])
    number, arrays, replaced = content
    assert number == first, "units arrive in order"
    batch = {name: torch.from_numpy(array).permute(order) for name, (array, order) in arrays.items()}
    return Made(first=number, batch=batch, replaced=tuple(Replaced(**one) for one in replaced))


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    return f"signal {-code}, {signal.Signals(-code).name}"


def _work(
    maker: Maker, places: Places, units: range, writer: Connection, readers: tuple[Connection, ...]
) -> None:
    """A worker's life. Its trainer decides when it stops: signals for the whole group are not for it."""
    for number in ASKED:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED)
    for reader in readers:
        reader.close()  # with the trainer's end closed too, writing fails once the trainer is gone
    torch.set_num_threads(1)
    with contextlib.suppress(BrokenPipeError):
        for unit in units:
            writer.send(_made_or_error(maker, places.of(unit)))


def _made_or_error(maker: Maker, place: Place) -> tuple[Any, ...]:
    try:
        unit = made(maker, *place)
    except SfumatoError as error:
        return ("error", str(error))
    replaced = [{"sample": one.sample, "by": one.by, "reason": one.reason} for one in unit.replaced]
    return ("made", unit.first, {name: _sent(value) for name, value in unit.batch.items()}, replaced)


def _sent(value: Tensor) -> tuple[Any, list[int]]:
    """An array in the order of its memory, and the permutation back.

    Through a pipe an array arrives contiguous; a picture whose channels are last in memory must be so again, or the
    network would sum in another order and workers would change the last bits of a run.
    """
    order = sorted(range(value.ndim), key=value.stride, reverse=True)
    array = value.detach().permute(order).contiguous().numpy()
    return array, [order.index(dimension) for dimension in range(value.ndim)]
