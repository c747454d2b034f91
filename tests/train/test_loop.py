"""The loop: it learns, resumes to the bit, survives bad batches, and leaves behind what it promises."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from sfumato.errors import BundleError, InputError
from sfumato_train import checkpoint
from sfumato_train.config import STAGE
from sfumato_train.loop import PATIENCE, Report, Trainer, TrainingError
from support.toy import ToyTask, toy_stage, weights_in


def equal(one: Path, other: Path) -> bool:
    a, b = weights_in(one), weights_in(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture
def reports() -> list[Report]:
    return []


def test_the_loss_falls(tmp_path: Path, reports: list[Report]) -> None:
    Trainer(ToyTask(), toy_stage(steps=80), tmp_path).run(report=reports.append)
    losses = [report.values["loss"] for report in reports]
    assert sum(losses[-4:]) < 0.3 * sum(losses[:4])
    assert [report.step for report in reports] == list(range(5, 81, 5))
    assert all(report.steps == 80 for report in reports)


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(steps=11, sheet_every=4), tmp_path).run()
    lines = [json.loads(line) for line in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 11]
    assert [line["samples"] for line in lines] == [40, 80, 88]
    assert {"loss", "one", "grad_norm", "lr", "samples_per_second", "seconds"} <= lines[0].keys()
    sheets = sorted(path.name for path in tmp_path.glob("sheet*"))
    assert sheets == ["sheet-00000004.png", "sheet-00000008.png", "sheet-00000011.png"]
    with Image.open(tmp_path / sheets[0]) as sheet:
        assert sheet.size == (6, 4)
    assert len(list(tmp_path.glob("events.*"))) == 1
    assert [path.name for path in tmp_path.glob("step-*")] == ["step-00000011.safetensors"]
    assert not list(tmp_path.glob("*.partial"))


def test_every_sample_is_asked_for_once_and_none_beyond_the_end(tmp_path: Path) -> None:
    task = ToyTask()
    Trainer(task, toy_stage(steps=5), tmp_path).run()
    assert task.asked == [(0, 8), (8, 8), (16, 8), (24, 8), (32, 8)]


def test_the_checkpoint_holds_the_configuration(tmp_path: Path) -> None:
    stage = toy_stage(steps=3, ema=0.75)
    Trainer(ToyTask(), stage, tmp_path).run()
    metadata = checkpoint.load(tmp_path / "step-00000003.safetensors").metadata
    assert metadata["kind"] == "autoencoder"
    assert metadata["step"] == "3"
    assert STAGE.validate_json(metadata["stage"]) == stage
    assert json.loads(metadata["network"])["widths"] == [8, 8, 8]


def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(), tmp_path / "whole").run()
    Trainer(ToyTask(), toy_stage(), tmp_path / "parts").run(minutes=0)
    for _ in range(3):  # a step a run, then the rest
        again = Trainer(ToyTask(seed=0), toy_stage(), tmp_path / "parts")
        assert again.resume()
        again.run(minutes=0)
    last = Trainer(ToyTask(), toy_stage(), tmp_path / "parts")
    assert last.resume()
    assert last.step == 4
    last.run()
    assert equal(tmp_path / "whole", tmp_path / "parts")


def test_the_run_with_another_seed_differs(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(steps=2), tmp_path / "one").run()
    Trainer(ToyTask(seed=1), toy_stage(steps=2), tmp_path / "other").run()
    assert not equal(tmp_path / "one", tmp_path / "other")


def test_minutes_stop_the_run_and_save_it(tmp_path: Path) -> None:
    trainer = Trainer(ToyTask(), toy_stage(steps=10**6, sheet_every=10**6, log_every=10**6), tmp_path)
    trainer.run(minutes=0.3 / 60)
    assert 1 <= trainer.step < 10**6
    assert (tmp_path / f"step-{trainer.step:08d}.safetensors").exists()


def test_drawing_a_sheet_changes_nothing(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(), tmp_path / "without").run()
    Trainer(ToyTask(), toy_stage(sheet_every=1, save_every=3), tmp_path / "with").run()
    assert equal(tmp_path / "without", tmp_path / "with")


def test_a_batch_without_a_finite_loss_is_skipped_and_harms_nothing(tmp_path: Path) -> None:
    trainer = Trainer(ToyTask(bad=range(16, 32)), toy_stage(steps=2), tmp_path)
    trainer.run()
    trainer.config = toy_stage(steps=4).train
    before = weights_in(tmp_path)
    trainer.run()
    after = weights_in(tmp_path)
    assert trainer.step == 4
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in after.values())


def test_training_goes_on_after_bad_batches(tmp_path: Path, reports: list[Report]) -> None:
    task = ToyTask(bad=range(8, 8 * PATIENCE))  # one bad batch fewer than it has patience for
    Trainer(task, toy_stage(steps=40), tmp_path).run(report=reports.append)
    assert math.isnan(reports[0].values["loss"])
    assert math.isfinite(reports[-1].values["loss"])


def test_ten_bad_batches_in_a_row_end_the_run_and_the_checkpoint_stays(tmp_path: Path) -> None:
    task = ToyTask(bad=range(8 * 6, 10**6))
    trainer = Trainer(task, toy_stage(steps=40, save_every=5), tmp_path)
    with pytest.raises(TrainingError, match=r"10 steps up to step 16, the last on the samples 120 to 127;") as caught:
        trainer.run()
    assert str(caught.value).endswith(".")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights_in(tmp_path).values())


def test_a_damaged_checkpoint_is_passed_over_with_a_note(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(steps=6, save_every=3), tmp_path).run()
    (tmp_path / "step-00000006.safetensors").write_bytes(b"torn")
    trainer = Trainer(ToyTask(), toy_stage(), tmp_path)
    assert trainer.resume()
    assert trainer.step == 3
    assert "step-00000006.safetensors cannot be read" in trainer.notes[0]
    assert trainer.notes[1] == "Resumed from step-00000003.safetensors."


def test_nothing_to_resume_is_false_and_only_damage_is_an_error(tmp_path: Path) -> None:
    assert not Trainer(ToyTask(), toy_stage(), tmp_path).resume()
    (tmp_path / "step-00000003.safetensors").write_bytes(b"torn")
    with pytest.raises(BundleError, match="remove the folder"):
        Trainer(ToyTask(), toy_stage(), tmp_path).resume()


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(steps=1), tmp_path).run()
    other = ToyTask()
    other.network = torch.nn.Conv2d(3, 4, 3)
    with pytest.raises(InputError, match="network of other sizes; resume with the settings"):
        Trainer(other, toy_stage(), tmp_path).resume()
