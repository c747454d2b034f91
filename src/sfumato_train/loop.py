"""One loop for all stages: batch → loss → step → average, with checkpoints, statistics and sample sheets."""

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from sfumato_train import state as states
from sfumato_train.config import Stage
from sfumato_train.distributed import averaged, summed, world
from sfumato_train.ema import Emas
from sfumato_train.loader import loaded
from sfumato_train.optim import learning_rate, optimiser
from sfumato_train.parallel import Parallel
from sfumato_train.precision import BF16, choose
from sfumato_train.randomness import seed_all
from sfumato_train.samples import Batch, Made, TrainingError
from sfumato_train.signals import ASKED, Stopped, watched
from sfumato_train.state import State
from sfumato_train.stats import Stats, name_replaced

__all__ = ["Batch", "Report", "Stopped", "Task", "Trainer", "TrainingError"]

PATIENCE = 10


class Task(Protocol):
    """What a stage adds to the loop."""

    network: nn.Module

    def batch(self, first: int, count: int) -> Batch:
        """Samples first .. first+count-1 of the run: a pure function of the seed and these numbers."""

    def loss(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Numbers to log; "loss" is the one to descend."""

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """A picture [H, W, 3 or 4] that shows what the network has learnt."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One line of `stats.jsonl`."""

    step: int
    steps: int
    seconds: float
    values: dict[str, float]


class Trainer:
    """A run of one stage in one folder.

    `folder` receives checkpoints, `stats.jsonl`, `replaced.jsonl`, `sheet-*.png` and TensorBoard's events. Raises
    TrainingError after ten losses in a row that are not finite and when samples cannot be made, and OutputError when a
    checkpoint cannot be written; what was saved before is intact.
    """

    def __init__(self, task: Task, stage: Stage, folder: Path) -> None:
        self.task, self.stage, self.folder = task, stage, folder
        self.config = stage.train
        self.rank, self.ranks = world()
        precision, self._precision_note = choose(self.config.bf16, states.precision_before(folder))
        self.bf16 = precision == BF16
        self.parallel = Parallel(task.network, self.config, bf16=self.bf16)
        self.network = self.parallel.network
        self.state = State(
            stage=stage,
            network=self.network,
            optim=optimiser(self.network, self.config.optim, bf16=self.bf16),
            emas=Emas(self.network, self.config.ema, self.config.emas),
            precision=precision,
        )
        self._saved: int | None = None
        seed_all(self.config.seed, self.rank)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def step(self) -> int:
        """Steps taken since the run began."""
        return self.state.step

    @property
    def notes(self) -> list[str]:
        """Sentences on what was found when the run was resumed."""
        return self.state.notes

    def resume(self) -> bool:
        """Go on from the newest readable checkpoint; False when there is none. Damaged ones are told in `notes`.

        Raises InputError when the checkpoint is of another network, BundleError when none can be read.
        """
        path, complaints = states.find(self.folder)
        if path is None:
            return False
        self.state.notes = [*complaints, f"Resumed from {path.name}."]
        states.restore(self.state, path)
        if self._precision_note:
            self.state.notes.append(self._precision_note)
        self._saved = self.step
        return True

    def save(self) -> None:
        """Write a checkpoint, all ranks together; one of this step that is there already is left as it is."""
        if self._saved != self.step:
            states.save(self.state, self.folder)
            self._saved = self.step

    def run(self, *, minutes: float = math.inf, report: Callable[[Report], None] | None = None) -> None:
        """Train up to the configured steps, or for `minutes`; the last step is always saved.

        Raises Stopped, after saving, when SIGTERM or Ctrl-C arrives at any rank: all stop after the same step.
        """
        stats = Stats(self.folder, self.step) if self.rank == 0 else None
        clock = _Clock(minutes, self.state.samples)
        stop: int | None = None
        self.network.train()
        with watched() as asked, closing(self._steps()) as steps:
            for units in steps:
                values, stop = self._train_step(units, lambda: [clock.late(), *asked.flags()])
                if self._due(self.config.log_every):
                    self._log(values, clock, stats, report)
                if self._due(self.config.sheet_every):
                    self.write_sheet()
                if stop is not None or self._due(self.config.save_every):
                    self.save()
                if stop is not None:
                    break
        if stats is not None:
            stats.close()
        if stop is not None and stop > 0:
            raise Stopped(ASKED[stop - 1], self.step)

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _steps(self) -> Generator[list[Made]]:
        """The units of each step from the present one on, made ahead."""
        with closing(loaded(self.task, self.state.position(), rank=self.rank, steps=self.config.steps)) as units:
            for _ in range(self.step, self.config.steps):
                yield [next(units) for _ in range(self.config.accumulate)]

    def _train_step(
        self, units: list[Made], flags: Callable[[], list[bool]]
    ) -> tuple[dict[str, Tensor], int | None]:
        """Numbers of the step, and the place of the first of `flags` that any rank has set.

        The loss's and the flags' sums over ranks travel together: all ranks skip, and all stop, at the same step.
        """
        state = self.state
        for group in state.optim.param_groups:
            group["lr"] = learning_rate(self.config.optim, state.step, self.config.steps)
        self.parallel.before_step()
        buffers = [buffer.clone() for buffer in self.network.buffers()]
        values = self._gradients([unit.batch for unit in units])
        norm = self.parallel.clipped(self.config.optim.clip)
        told = [torch.tensor(float(flag)) for flag in flags()]
        finite, *stops = summed(torch.stack([(values["loss"] + norm).float(), *told]))
        if bool(torch.isfinite(finite)):
            state.optim.step()
            state.emas.update(self.network)
            state.bad_steps = 0
        state.optim.zero_grad(set_to_none=True)
        for unit in units:
            state.replaced += len(unit.replaced)
            name_replaced(self.folder, unit.replaced)
        state.step += 1
        state.samples += self.config.batch
        if not bool(torch.isfinite(finite)):
            self._skip(buffers, units)
        return values | {"grad_norm": norm}, next((place for place, flag in enumerate(stops) if flag), None)

    def _gradients(self, batches: list[Batch]) -> dict[str, Tensor]:
        """Gradients of the mean loss of a rank's share of the batch, and the means of its numbers."""
        values: list[dict[str, Tensor]] = []
        for number, batch in enumerate(batches, 1):
            with self.parallel.part(last=number == len(batches)):
                with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
                    made = self.task.loss(self.parallel.module, batch)
                (made["loss"] / len(batches)).backward()  # type: ignore[no-untyped-call]
                values.append({name: value.detach() for name, value in made.items()})
        return {name: torch.stack([one[name] for one in values]).mean(dim=0) for name in values[0]}

    @torch.no_grad()
    def _skip(self, buffers: list[Tensor], units: list[Made]) -> None:
        """Undo what a batch without a finite loss left in running statistics; give up after PATIENCE in a row."""
        for buffer, before in zip(self.network.buffers(), buffers, strict=True):
            buffer.copy_(before)
        self.state.bad_steps += 1
        if self.state.bad_steps >= PATIENCE:
            first = self.state.samples - self.config.batch
            raise TrainingError(
                f"The loss was not finite for {PATIENCE} steps up to step {self.step}, the last on the samples {first} "
                f"to {self.state.samples - 1}; resume from the last checkpoint with a lower learning rate."
            )

    def _log(
        self,
        values: dict[str, Tensor],
        clock: "_Clock",
        stats: Stats | None,
        report: Callable[[Report], None] | None,
    ) -> None:
        numbers = {name: float(averaged(value.float())) for name, value in values.items()}
        replaced = int(summed(torch.tensor(self.state.replaced)))
        if stats is None:
            return
        numbers["samples_per_second"] = clock.rate(self.state.samples)
        numbers["lr"] = self.state.optim.param_groups[0]["lr"]
        if replaced:
            numbers["replaced"] = replaced
        seconds = clock.seconds()
        stats.write({"step": self.step, "samples": self.state.samples, "seconds": round(seconds, 1)}, numbers)
        if report is not None:
            report(Report(step=self.step, steps=self.config.steps, seconds=seconds, values=numbers))

    @torch.no_grad()
    def write_sheet(self) -> None:
        """Draw the sample sheet with the averaged weights; rank 0 writes it, and under FSDP all ranks draw with it."""
        if self.rank and not self.parallel.sharded:
            return
        with (
            self.parallel.holding(self.state.emas.main.state) as network,
            torch.random.fork_rng(devices=[]),
            torch.autocast("cpu", torch.bfloat16, enabled=self.bf16),
        ):
            sheet = self.task.sheet(network)
        if self.rank:
            return
        target = self.folder / f"sheet-{self.step:08d}.png"
        beside = target.with_suffix(".partial")
        Image.fromarray(sheet).save(beside, format="PNG")
        beside.replace(target)


class _Clock:
    """How long a run has gone on, and how fast."""

    def __init__(self, minutes: float, samples: int) -> None:
        self.started = self.logged = time.monotonic()
        self.minutes, self.samples = minutes, samples

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def late(self) -> bool:
        return self.seconds() >= 60 * self.minutes

    def rate(self, samples: int) -> float:
        """Samples a second since the last call."""
        now, done = time.monotonic(), samples - self.samples
        seconds = max(1e-9, now - self.logged)
        self.logged, self.samples = now, samples
        return done / seconds
