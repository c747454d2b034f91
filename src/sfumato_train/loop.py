"""One loop for all stages: batch → loss → step → average, with checkpoints, statistics and sample sheets."""

import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from sfumato.errors import InputError, SfumatoError
from sfumato.networks.weights import config_json
from sfumato_train import checkpoint
from sfumato_train.config import STAGE, Stage
from sfumato_train.distributed import averaged, world, wrapped
from sfumato_train.ema import Ema
from sfumato_train.optim import learning_rate, load_optimiser_state, optimiser, optimiser_state
from sfumato_train.precision import bf16_is_faster

Batch = dict[str, Tensor]
PATIENCE = 10


class TrainingError(SfumatoError):
    """Training cannot go on; what was saved before is intact."""


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

    `folder` receives `step-*.safetensors`, `stats.jsonl`, `sheet-*.png` and TensorBoard's events. Raises TrainingError
    after ten losses in a row that are not finite, and OutputError when a checkpoint cannot be written.
    """

    def __init__(self, task: Task, stage: Stage, folder: Path) -> None:
        self.task, self.stage, self.folder = task, stage, folder
        self.config = stage.train
        self.rank, self.ranks = world()
        self.network = task.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.wrapped = wrapped(self.network)
        self.optim = optimiser(self.network, self.config.optim)
        self.ema = Ema(self.network, self.config.ema)
        self.bf16 = bf16_is_faster() if self.config.bf16 is None else self.config.bf16
        self.step = 0
        self.bad_steps = 0
        self.notes: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        """Go on from the newest readable checkpoint; False when there is none. Damaged ones are told in `notes`.

        Raises InputError when the checkpoint is of another network, BundleError when none can be read.
        """
        found = checkpoint.load_newest(self.folder)
        if found is None:
            return False
        snapshot, path, complaints = found
        self.notes = [*complaints, f"Resumed from {path.name}."]
        try:
            self.network.load_state_dict(snapshot.model)
            self.ema.load(snapshot.ema)
            load_optimiser_state(self.network, self.optim, snapshot.optim)
        except (RuntimeError, KeyError) as error:
            raise InputError(
                f"{path} holds a network of other sizes; resume with the settings that the run began with."
            ) from error
        self.step = int(snapshot.metadata["step"])
        self.ema.updates = self.step
        return True

    def save(self) -> None:
        """Write a checkpoint (rank 0 only)."""
        if self.rank:
            return
        snapshot = checkpoint.Snapshot(
            model=dict(self.network.state_dict()),
            ema=self.ema.state,
            optim=optimiser_state(self.network, self.optim),
            metadata={
                "kind": self.stage.kind,
                "network": config_json(self.stage.network),
                "stage": STAGE.dump_json(self.stage).decode(),
                "step": str(self.step),
            },
        )
        checkpoint.save(self.folder, self.step, snapshot, keep=self.config.keep)

    def run(self, *, minutes: float = math.inf, report: Callable[[Report], None] | None = None) -> None:
        """Train up to the configured steps, or for `minutes`; the last step is always saved."""
        started, last_log, last_step = time.monotonic(), time.monotonic(), self.step
        deadline = started + 60 * minutes
        writer = SummaryWriter(str(self.folder)) if self.rank == 0 else None
        self.network.train()
        for batch in self._batches():
            values = self._train_step(batch)
            if self._due(self.config.log_every):
                now = time.monotonic()
                rate = (self.step - last_step) * self.config.batch / max(1e-9, now - last_log)
                last_log, last_step = now, self.step
                self._log(values, rate, now - started, writer, report)
            if self._due(self.config.sheet_every):
                self.write_sheet()
            stop = _late(deadline)
            if stop or self._due(self.config.save_every):
                self.save()
            if stop:
                break
        if writer is not None:
            writer.close()

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _batches(self) -> Iterator[Batch]:
        """Batches from the present step on; the next is made while the present one trains."""
        steps = range(self.step, self.config.steps)
        with ThreadPoolExecutor(1) as pool:
            coming: Future[Batch] | None = None
            for step in steps:
                present = coming or pool.submit(self._batch, step)
                coming = pool.submit(self._batch, step + 1) if step + 1 in steps else None
                yield present.result()

    def _batch(self, step: int) -> Batch:
        share = self.config.batch // self.ranks
        return self.task.batch(step * self.config.batch + self.rank * share, share)

    def _train_step(self, batch: Batch) -> dict[str, Tensor]:
        for group in self.optim.param_groups:
            group["lr"] = learning_rate(self.config.optim, self.step, self.config.steps)
        buffers = [buffer.clone() for buffer in self.network.buffers()]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            values = self.task.loss(self.wrapped, batch)
        values["loss"].backward()  # type: ignore[no-untyped-call]
        trained = [p for p in self.network.parameters() if p.grad is not None]
        norm = nn.utils.clip_grad_norm_(trained, self.config.optim.clip)
        if bool(torch.isfinite(averaged(values["loss"].detach() + norm))):
            self.optim.step()
            self.ema.update(self.network)
            self.bad_steps = 0
        else:
            self._skip(buffers)
        self.optim.zero_grad(set_to_none=True)
        self.step += 1
        return values | {"grad_norm": norm}

    @torch.no_grad()
    def _skip(self, buffers: list[Tensor]) -> None:
        """Undo what a batch without a finite loss left in running statistics; give up after PATIENCE in a row."""
        for buffer, before in zip(self.network.buffers(), buffers, strict=True):
            buffer.copy_(before)
        self.bad_steps += 1
        if self.bad_steps >= PATIENCE:
            raise TrainingError(
                f"The loss was not finite for {PATIENCE} steps up to step {self.step}; "
                "resume from the last checkpoint with a lower learning rate."
            )

    def _log(
        self,
        values: dict[str, Tensor],
        rate: float,
        seconds: float,
        writer: Any,
        report: Callable[[Report], None] | None,
    ) -> None:
        numbers = {name: float(averaged(value.detach().float())) for name, value in values.items()}
        numbers |= {"samples_per_second": rate, "lr": self.optim.param_groups[0]["lr"]}
        if writer is None:
            return
        line = {"step": self.step, "samples": self.step * self.config.batch, "seconds": round(seconds, 1)}
        with (self.folder / "stats.jsonl").open("a") as file:
            file.write(json.dumps(line | {name: round(n, 6) for name, n in numbers.items()}) + "\n")
        for name, number in numbers.items():
            writer.add_scalar(name, number, self.step)
        if report is not None:
            report(Report(step=self.step, steps=self.config.steps, seconds=seconds, values=numbers))

    @torch.no_grad()
    def write_sheet(self) -> None:
        """Draw the sample sheet with the averaged weights (rank 0 only)."""
        if self.rank:
            return
        kept = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        self.network.load_state_dict(self.ema.state)
        self.network.eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            sheet = self.task.sheet(self.network)
        self.network.load_state_dict(kept)
        self.network.train()
        target = self.folder / f"sheet-{self.step:08d}.png"
        beside = target.with_suffix(".partial")
        Image.fromarray(sheet).save(beside, format="PNG")
        beside.replace(target)


def _late(deadline: float) -> bool:
    """Whether the time is up on any rank: one that stopped alone would leave the others waiting for it."""
    return deadline < math.inf and float(averaged(torch.tensor(float(time.monotonic() >= deadline)))) > 0
