"""What every task promises the loop."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sfumato.errors import InputError
from sfumato_train.context import Context
from sfumato_train.loop import Task, Trainer
from sfumato_train.tasks import TASKS, task_of
from support.networks import filled
from support.stages import STAGES
from support.toy import weights_in


@pytest.fixture(scope="module", params=sorted(STAGES))
def task(request: pytest.FixtureRequest, context: Context) -> Task:
    return task_of(STAGES[request.param], context)


def real_words(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The batch with its words cut to a common length, since each batch is as wide as its longest caption."""
    wide = {name: padded(batch[name]) for name in ("txt_tokens", "txt_mask", "tokens", "targets") if name in batch}
    if "txt_mask" in wide:
        wide["txt_tokens"] *= wide["txt_mask"]
    if "tokens" in wide:  # a padded place is asked for nothing, whatever is read there
        asked = wide["targets"] > 0
        wide = {"tokens": wide["tokens"] * asked, "targets": wide["targets"] * asked}
    return batch | wide


def padded(words: Tensor) -> Tensor:
    """[B, L] → [B, 32]."""
    return torch.nn.functional.pad(words, (0, 32 - words.shape[1]))


def test_batches_are_pure_functions_of_the_samples_numbers(task: Task) -> None:
    whole = real_words(task.batch(4, 4))
    first, rest, again = (real_words(task.batch(*span)) for span in ((4, 1), (5, 3), (4, 4)))
    for name, value in whole.items():
        assert torch.equal(value, torch.cat([first[name], rest[name]])), name
        assert torch.equal(value, again[name]), name


def test_the_loss_is_finite_and_reaches_every_trained_weight(task: Task) -> None:
    network = task.network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    filled(network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_("text.encoder.words" not in name)
    values = task.loss(network, task.batch(0, 4))
    values["loss"].backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(values["loss"])
    assert values["loss"].ndim == 0
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert bool(torch.isfinite(parameter.grad).all()), name
    network.load_state_dict(before)
    network.zero_grad()


def test_the_sheet_is_a_picture_and_disturbs_no_batch(task: Task) -> None:
    before = task.batch(0, 2)
    with torch.no_grad():
        sheet = task.sheet(task.network.eval())
    assert sheet.dtype == "uint8"
    assert sheet.ndim == 3
    assert sheet.shape[2] == 3
    assert min(sheet.shape[:2]) > 32
    assert sheet.std() > 1
    after = task.batch(0, 2)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_initial_weights_are_the_seeds(context: Context) -> None:
    def weights(seed: int) -> Tensor:
        stage = dataclasses.replace(STAGES["prior"], train=dataclasses.replace(STAGES["prior"].train, seed=seed))
        torch.rand(3)  # what was drawn before does not matter
        return task_of(stage, context).network.state_dict()["z_in.weight"]

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_every_kind_has_a_task() -> None:
    assert {stage.kind for stage in STAGES.values()} == set(TASKS) - {"judge"}  # which test_judge_task trains


@pytest.mark.parametrize("stage", ["prior", "decoder", "upsampler_256"])
def test_a_stage_whose_forerunner_is_missing_says_so(stage: str, tiny_store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Stage '\w+' has no checkpoint in .*; train it first\."):
        task_of(STAGES[stage], Context(data=tiny_store, runs=tmp_path))


def test_a_resumed_decoder_is_the_uninterrupted_one_to_the_bit(context: Context, tmp_path: Path) -> None:
    stage = STAGES["decoder"]
    Trainer(task_of(stage, context), stage, tmp_path / "whole").run()
    Trainer(task_of(stage, context), stage, tmp_path / "parts").run(minutes=0)
    trainer = Trainer(task_of(stage, context), stage, tmp_path / "parts")
    assert trainer.resume()
    assert trainer.step == 1
    trainer.run()
    whole, parts = weights_in(tmp_path / "whole"), weights_in(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
