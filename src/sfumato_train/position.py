"""Where a run is in its samples.

Sample j (picture, caption, noise, time, drops) is a pure function of the seed and of j, so most of what a loader has
by way of state is a number. That number is kept for every rank and every loader worker, so that a checkpoint tells by
itself which sample each would make next, and a resume can check that it is so.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Position:
    """`samples`: how many were trained on, so also the next one's number; `batch`: over all ranks.

    `accumulate` parts a step make the units that workers produce, in turn: part m of step s is unit
    s·accumulate + m and belongs to worker unit mod workers.
    """

    step: int
    samples: int
    batch: int
    ranks: int = 1
    workers: int = 0
    accumulate: int = 1

    @property
    def unit(self) -> int:
        """Samples of a unit."""
        return self.batch // (self.ranks * self.accumulate)

    def first(self, unit: int, rank: int) -> int:
        """The number of the first sample of a unit of a rank, from the present step on."""
        step, part = divmod(unit, self.accumulate)
        return self.samples + (step - self.step) * self.batch + (rank * self.accumulate + part) * self.unit

    def units(self, steps: int) -> range:
        """Units from here to the end of the run."""
        return range(self.step * self.accumulate, steps * self.accumulate)

    def next_samples(self) -> list[list[int]]:
        """[rank][worker]: the first sample of the unit that the worker makes next."""
        start, workers = self.step * self.accumulate, max(1, self.workers)
        mine = [start + (worker - start) % workers for worker in range(workers)]
        return [[self.first(unit, rank) for unit in mine] for rank in range(self.ranks)]

    def to_json(self) -> str:
        """For a checkpoint's metadata."""
        return json.dumps(asdict(self) | {"next": self.next_samples()})


def position_in(metadata: Mapping[str, str]) -> Position | None:
    """The position that a checkpoint tells; None in metadata that is not of a run.

    Checkpoints from before positions were kept have a step and their stage's batch. Raises KeyError, TypeError or
    ValueError where what is told contradicts itself.
    """
    if "position" not in metadata:
        return _of_old(metadata)
    told: dict[str, Any] = json.loads(metadata["position"])
    expected = told.pop("next")
    position = Position(**told)
    if position.next_samples() != expected or str(position.step) != metadata["step"]:
        raise ValueError("its position contradicts itself")
    return position


def _of_old(metadata: Mapping[str, str]) -> Position | None:
    batch = json.loads(metadata.get("stage", "{}")).get("train", {}).get("batch")
    if "step" not in metadata or batch is None:
        return None
    step = int(metadata["step"])
    return Position(step=step, samples=step * batch, batch=batch)
