"""What a checkpoint holds, what a resume takes from it, and what it says when something changed."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.errors import InputError, OutputError
from sfumato_train import checkpoint
from sfumato_train.config import STAGE
from sfumato_train.disk import Disk
from sfumato_train.loop import Trainer, TrainingError
from sfumato_train.samples import STRIDE
from support.numbered import NumberedTask, fingerprint, numbered_stage, order_in
from support.toy import weights_in


def begun(folder: Path, *, steps: int = 6, **settings: object) -> Trainer:
    trainer = Trainer(NumberedTask(drop=0.1), numbered_stage(steps=steps, **settings), folder)
    trainer.run()
    return trainer


def resumed(folder: Path, task: NumberedTask | None = None, **settings: object) -> Trainer:
    trainer = Trainer(task or NumberedTask(drop=0.1), numbered_stage(**settings), folder)
    assert trainer.resume()
    return trainer


def test_a_checkpoint_tells_everything(tmp_path: Path) -> None:
    begun(tmp_path, workers=2, accumulate=2)
    source = checkpoint.source(tmp_path / "step-00000006.safetensors")
    assert {name.partition("/")[0] for name in source.types} == {"model", "ema", "ema@0.5", "optim", "random"}
    assert source.metadata["samples"] == "48"
    assert source.metadata["precision"] == "float32"
    position = json.loads(source.metadata["position"])
    assert position["next"] == [[48, 52]]
    assert (position["ranks"], position["workers"], position["accumulate"]) == (1, 2, 2)
    assert json.loads(source.metadata["counters"]) == {"bad_steps": 0, "ema_updates": 6, "replaced": 0}


def test_after_a_change_of_batch_the_samples_go_on_where_they_were(tmp_path: Path) -> None:
    begun(tmp_path)
    task = NumberedTask(order=tmp_path / "order.jsonl")
    trainer = resumed(tmp_path, task, steps=8, batch=4)
    assert "The batch changes from 8 to 4; sample 48 is next." in trainer.notes
    trainer.run()
    assert order_in(tmp_path / "order.jsonl") == [[48, 49, 50, 51], [52, 53, 54, 55]]
    lines = [json.loads(line) for line in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert [line["samples"] for line in lines[-3:]] == [48, 52, 56]
    assert resumed(tmp_path, batch=4).state.samples == 56


def test_bad_steps_in_a_row_are_counted_across_a_resume(tmp_path: Path) -> None:
    def spoil(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return batch | {"x": batch["x"] * torch.nan}

    class Spoilt(NumberedTask):
        def batch(self, first: int, count: int) -> dict[str, Tensor]:
            return spoil(super().batch(first, count))

    begun(tmp_path, steps=3)
    good = weights_in(tmp_path)
    resumed(tmp_path, Spoilt(), steps=9).run()
    assert resumed(tmp_path).state.bad_steps == 6
    assert all(torch.equal(weights_in(tmp_path)[name], good[name]) for name in good if name.startswith("model"))
    with pytest.raises(TrainingError, match="not finite for 10 steps up to step 13"):
        resumed(tmp_path, Spoilt(), steps=90).run()
    again = resumed(tmp_path, steps=15)
    assert again.step == 12
    again.run()
    assert again.state.bad_steps == 0
    assert again.state.emas.main.updates == 6  # skipped steps were not averaged


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    trainer = begun(tmp_path)
    with torch.no_grad():
        next(trainer.network.parameters()).fill_(torch.inf)
    trainer.state.step = 7
    sentence = r"not finite after step 7, and were not saved; step-00000006.safetensors is the last good checkpoint;"
    with pytest.raises(TrainingError, match=sentence):
        trainer.save()
    assert checkpoint.newest(tmp_path) == tmp_path / "step-00000006.safetensors"


def test_a_damaged_newest_is_set_aside_and_the_run_is_the_same_in_the_end(tmp_path: Path) -> None:
    begun(tmp_path / "whole", steps=12)
    begun(tmp_path / "hurt", steps=6)
    path = tmp_path / "hurt" / "step-00000006.safetensors"
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    trainer = resumed(tmp_path / "hurt", steps=12, keep=1)
    assert "step-00000006.safetensors cannot be read (its digest differs)" in trainer.notes[0]
    assert trainer.notes[1] == "Resumed from step-00000003.safetensors."
    assert path.with_name("step-00000006.safetensors.damaged").exists()
    trainer.run()
    found, wanted = fingerprint(tmp_path / "hurt"), fingerprint(tmp_path / "whole")
    assert found == wanted


def test_a_checkpoint_of_this_step_is_not_written_over(tmp_path: Path) -> None:
    begun(tmp_path)
    path = tmp_path / "step-00000006.safetensors"
    before = path.stat()
    trainer = resumed(tmp_path)
    trainer.save()
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_in_the_middle_of_a_run_ends_it_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    begun(tmp_path / "whole", steps=9)
    begun(tmp_path / "hurt", steps=3)
    trainer = resumed(tmp_path / "hurt", steps=9)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "write", fail)
        with pytest.raises(OutputError, match=rf"step-00000006.* could not be written .*{os.strerror(number)}"):
            trainer.run()
    assert [path.name for path in (tmp_path / "hurt").glob("step-*")] == ["step-00000003.safetensors"]
    resumed(tmp_path / "hurt", steps=9).run()
    assert fingerprint(tmp_path / "hurt") == fingerprint(tmp_path / "whole")


@dataclasses.dataclass
class Damaged(NumberedTask):
    """Two of its pictures cannot be read."""

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        if {13, 41} & set(range(first, first + count)):
            raise OSError("image file is truncated")
        return super().batch(first, count)


@pytest.mark.parametrize("workers", [0, 2])
def test_damaged_pictures_are_replaced_counted_and_named(tmp_path: Path, workers: int) -> None:
    order = tmp_path / "order.jsonl"
    Trainer(Damaged(order=order), numbered_stage(steps=3, workers=workers), tmp_path / "run").run()
    resumed(tmp_path / "run", Damaged(order=order), steps=6, workers=workers).run()
    numbers = [number for numbers in order_in(order) for number in numbers]
    assert numbers == [number + STRIDE if number in (13, 41) else number for number in range(48)]
    named = [json.loads(line) for line in (tmp_path / "run" / "replaced.jsonl").read_text().splitlines()]
    assert [one["sample"] for one in named] == [13, 41]
    assert named[0]["reason"] == "OSError: image file is truncated"
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert [line.get("replaced", 0) for line in lines] == [0, 1, 1, 1, 1, 2]


def test_a_new_average_begins_as_a_copy_and_one_no_longer_wanted_is_dropped(tmp_path: Path) -> None:
    begun(tmp_path)
    trainer = resumed(tmp_path, emas=(0.99,), steps=7)
    assert "The average ema@0.99 is new; it begins as a copy of ema." in trainer.notes
    kept = trainer.state.emas.kept
    assert all(torch.equal(kept["ema@0.99"].state[name], value) for name, value in kept["ema"].state.items())
    trainer.run()
    assert {name.partition("/")[0] for name in weights_in(tmp_path)} == {"model", "ema", "ema@0.99", "optim", "random"}


def test_the_precision_of_a_run_stays_and_a_change_is_told(tmp_path: Path) -> None:
    begun(tmp_path, bf16=True)
    assert resumed(tmp_path, bf16=None).bf16
    changed = resumed(tmp_path, bf16=False)
    assert not changed.bf16
    assert changed.notes[-1] == "The precision changes from bfloat16 to float32."


def test_a_checkpoint_from_before_all_this_is_gone_on_with(tmp_path: Path) -> None:
    """As they were written: no digest, position, counters, random states or further averages."""
    trainer = begun(tmp_path / "new", emas=())
    old = {name: value for name, value in weights_in(tmp_path / "new").items() if not name.startswith("random")}
    metadata = {
        "kind": "autoencoder",
        "network": "{}",
        "stage": STAGE.dump_json(trainer.stage).decode(),
        "step": "6",
    }
    from safetensors.torch import save_file  # noqa: PLC0415

    (tmp_path / "old").mkdir()
    save_file(old, tmp_path / "old" / "step-00000006.safetensors", metadata=metadata)
    runs = [resumed(tmp_path / name, NumberedTask(), emas=(), steps=9) for name in ("new", "old")]
    assert runs[1].notes == ["Resumed from step-00000006.safetensors."]
    assert (runs[1].step, runs[1].state.samples, runs[1].state.emas.main.updates) == (6, 48, 6)
    for run in runs:
        run.run()
    found, wanted = fingerprint(tmp_path / "old"), fingerprint(tmp_path / "new")
    assert {name: found[name] for name in ("model", "ema", "optim")} == {
        name: wanted[name] for name in ("model", "ema", "optim")
    }


def test_a_network_with_other_names_is_refused(tmp_path: Path) -> None:
    begun(tmp_path)
    task = NumberedTask()
    task.network.add_module("more", torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="network of other sizes; resume with the settings"):
        Trainer(task, numbered_stage(), tmp_path).resume()
