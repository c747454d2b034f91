"""Runs a small training that is killed with SIGKILL again and again: `killed_run.py FOLDER KILLS SEED [name=value …]`.

A process is forked for every life, so that PyTorch is loaded once. The numbers of the samples go to `order.jsonl`, the
steps at which lives began to `lives.jsonl`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

import torch

from sfumato_train.config import OptimConfig
from sfumato_train.loop import Trainer
from support.numbered import NumberedTask, numbered_stage


def live(folder: Path, dies_at: int | None, settings: dict[str, object]) -> None:
    """One process: resumes, and dies in the middle of a step if it is to."""

    def die(count: int) -> None:
        if count == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    optim = OptimConfig(name="muon", learning_rate=1e-2, warmup=2, schedule="cosine")
    stage = numbered_stage(optim=optim, **settings)
    trainer = Trainer(NumberedTask(order=folder / "order.jsonl", drop=0.2, before_loss=die), stage, folder)
    trainer.resume()
    with (folder / "lives.jsonl").open("a") as file:
        file.write(json.dumps(trainer.step) + "\n")
    trainer.run()


def forked(folder: Path, dies_at: int | None, settings: dict[str, object]) -> int:
    """Exit code of a life, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            live(folder, dies_at, settings)
        except BaseException as error:  # the parent must see a code
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, kills: int, seed: int, settings: dict[str, object]) -> None:
    """Killed so often, then left to end."""
    folder.mkdir(parents=True)
    chance = random.Random(seed)
    for _ in range(kills):
        code = forked(folder, chance.randrange(7), settings)
        assert code == -signal.SIGKILL, f"it ended with {code} before it was killed"
    assert forked(folder, None, settings) == 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    pairs = (setting.split("=") for setting in sys.argv[4:])
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), {name: json.loads(value) for name, value in pairs})
