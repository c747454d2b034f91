"""Progress, cancellation and timing of one picture's stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from sfumato.errors import Cancelled
from sfumato.types import CancelledCallback, Progress, ProgressCallback

Tick = Callable[..., None]
"""Called after every step, with or without the sampler's `Step`; raises `Cancelled`."""


class Watch:
    """Follows picture `picture` of `pictures` (from 1). `seconds` fills with each stage's wall time."""

    def __init__(
        self,
        *,
        picture: int = 1,
        pictures: int = 1,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._picture = picture
        self._pictures = pictures
        self._progress = progress
        self._cancelled = cancelled

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
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The drawing was cancelled; nothing was kept.")

    def _report(self, name: str, step: int, steps: int) -> None:
        if self._progress is not None:
            where = {"picture": self._picture, "pictures": self._pictures}
            self._progress(Progress(stage=name, step=step, steps=steps, **where))
