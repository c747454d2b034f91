"""Progress, cancellation and timing of one picture's stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from sfumato.errors import Cancelled
from sfumato.types import CancelledCallback, Progress, ProgressCallback

Tick = Callable[..., None]
"""Called after every step, with or without the sampler's `Step`; raises `Cancelled`."""


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Whom to tell of progress, and whom to ask whether to stop."""

    progress: ProgressCallback | None = None
    cancelled: CancelledCallback | None = None


SILENT = Observer()


class Watch:
    """Follows picture `picture` of `pictures` (from 1). `seconds` fills with each stage's wall time."""

    def __init__(self, observer: Observer, *, picture: int = 1, pictures: int = 1) -> None:
        self.seconds: dict[str, float] = {}
        self._observer = observer
        self._picture = picture
        self._pictures = pictures

    @contextmanager
    def stage(self, name: str, steps: int = 1) -> Iterator[Tick]:
        """Times a stage of `steps` steps; call what it yields after each of them."""
        done = 0

        def tick(_step: object = None) -> None:
            nonlocal done
            done += 1
            self._report(name, done, steps)
            self.check()

        self.check()
        start = perf_counter()
        yield tick
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start

    def check(self) -> None:
        """Raises `Cancelled` when the caller asked to stop."""
        cancelled = self._observer.cancelled
        if cancelled is not None and cancelled():
            raise Cancelled("The drawing was cancelled; nothing was kept.")

    def _report(self, name: str, step: int, steps: int) -> None:
        if self._observer.progress is not None:
            where = {"picture": self._picture, "pictures": self._pictures}
            self._observer.progress(Progress(stage=name, step=step, steps=steps, **where))
