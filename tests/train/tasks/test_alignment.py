"""Alignment in the decoder's loss: its size, whom it teaches, and runs that began without it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.errors import InputError
from sfumato.networks.decoder import Decoder
from sfumato.networks.weights import load_network, training_only
from sfumato_train.checkpoint import newest
from sfumato_train.context import Context
from sfumato_train.loop import Trainer
from sfumato_train.runs import prepare
from sfumato_train.tasks.decoder import DecoderTask, alignment
from support.networks import CLIP, filled
from support.stages import STAGES, aligned
from support.toy import weights_in

PLAIN: Any = STAGES["decoder"]
WIDTH = CLIP.image.widths[-1]
NOTE = "The perceptron of the alignment is new; it begins untrained."


def task_of(stage: Any, context: Context) -> DecoderTask:
    task = DecoderTask(stage, context)
    filled(task.network).requires_grad_(True)
    return task


def trainer_of(stage: Any, context: Context, folder: Path, **train: Any) -> Trainer:
    stage = replace(stage, train=replace(stage.train, **train))
    return Trainer(DecoderTask(stage, context), stage, folder)


def test_alignment_is_the_cosine_at_every_place() -> None:
    x = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(0))
    assert alignment(x, x).item() == pytest.approx(1, abs=1e-6)
    assert alignment(x, 3 * x).item() == pytest.approx(1, abs=1e-6)
    assert alignment(x, -x).item() == pytest.approx(-1, abs=1e-6)
    half = torch.cat([x[:, :, :2], -x[:, :, 2:]], dim=2)
    assert alignment(x, half).item() == pytest.approx(0, abs=1e-6)


def test_a_larger_map_is_averaged_and_a_smaller_one_repeated() -> None:
    x = torch.randn(2, 6, 4, 4, generator=torch.Generator().manual_seed(0))
    large = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert alignment(x, large).item() == pytest.approx(1, abs=1e-6)
    assert alignment(large, x).item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("weight", [0.25, 2.0])
def test_it_adds_one_minus_the_cosine_to_the_loss(context: Context, weight: float) -> None:
    one, plain = task_of(aligned(PLAIN, weight=weight), context), task_of(PLAIN, context)
    batch = one.batch(0, 6)
    with torch.no_grad():
        found, before = one.loss(one.network, batch), plain.loss(one.network, batch)
    cosine = found["alignment"].item()
    assert -1 < cosine < 1
    assert found["loss"].item() == pytest.approx(before["loss"].item() + weight * (1 - cosine), rel=1e-5)
    assert found["x_0_mse"].item() == pytest.approx(before["x_0_mse"].item(), rel=1e-5)
    assert "alignment" not in before


class Points(torch.nn.Module):
    """Draws nothing, points where it is told, remembers what it was told."""

    def __init__(self, pointing: Tensor) -> None:
        super().__init__()
        self.pointing = pointing
        self.told: tuple[Tensor, ...] = ()

    def forward(self, *told: Tensor, aligned: bool) -> tuple[Tensor, Tensor]:
        assert aligned
        self.told = told
        return told[0] * 0, self.pointing


def test_the_maps_are_those_of_all_pictures_and_dropped_embeddings_stay_dropped(context: Context) -> None:
    task = task_of(aligned(PLAIN), context)
    keep = torch.tensor([0.0, 1.0, 0.0, 1.0])
    batch = task.batch(0, 4) | {"keep_z": keep}
    with torch.no_grad():
        wanted = task.clip.image.features(batch["picture"])
    network = Points(wanted)
    assert task.loss(network, batch)["alignment"].item() == pytest.approx(1, abs=1e-5)
    z_img = network.told[2]
    assert not z_img[keep < 0.5].any()
    torch.testing.assert_close(z_img[keep > 0.5], task.clip.image(batch["picture"])[keep > 0.5])


def test_the_image_tower_runs_once_a_step(context: Context) -> None:
    task = task_of(aligned(PLAIN), context)
    ran: list[int] = []
    hook = task.clip.image.body.register_forward_hook(lambda *_: ran.append(1))
    task.loss(task.network, task.batch(0, 4))
    hook.remove()
    assert ran == [1]


def test_all_that_is_trained_has_a_gradient(context: Context) -> None:
    """With alignment the perceptron too; without it the perceptron is not trained, or processes would wait for it."""
    idle = replace(aligned(PLAIN), alignment=0.0)
    for stage, trained in ((aligned(PLAIN), True), (idle, False)):
        task = DecoderTask(stage, context)
        for parameter in task.network.parameters():
            parameter.data.normal_(0, 0.1)
        task.loss(task.network, task.batch(0, 8))["loss"].backward()
        having = {name for name, p in task.network.named_parameters() if p.grad is not None and bool(p.grad.any())}
        wanted = {name for name, p in task.network.named_parameters() if p.requires_grad}
        assert having == wanted
        assert (training_only(task.network).keys() <= having) is trained


@pytest.mark.parametrize("align", [0, WIDTH + 8])
def test_a_width_that_is_not_the_towers_is_one_sentence(context: Context, align: int) -> None:
    stage = replace(aligned(PLAIN), network=replace(PLAIN.network, align=align))
    with pytest.raises(InputError) as caught:
        DecoderTask(stage, context)
    assert str(caught.value) == (
        f"The decoder points with {align} channels and the image tower's map has {WIDTH}; "
        f"set network.align={WIDTH}, or alignment=0."
    )


@pytest.mark.parametrize("name", ["decoder", "decoder_pixel"])
@pytest.mark.parametrize("bf16", [True, False])
def test_training_makes_it_point_the_right_way(context: Context, tmp_path: Path, name: str, bf16: bool) -> None:
    stage = aligned(STAGES[name])
    optim = replace(stage.train.optim, learning_rate=3e-3, warmup=2)
    trainer = trainer_of(stage, context, tmp_path, steps=16, bf16=bf16, optim=optim)
    trainer.run()
    lines = [json.loads(line) for line in (tmp_path / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    cosines = [line["alignment"] for line in lines]
    assert sum(cosines[-3:]) / 3 > cosines[0] + 0.1


@pytest.fixture
def begun(context: Context, tmp_path: Path) -> Path:
    """A run of two steps, of a network without a perceptron."""
    trainer_of(PLAIN, context, tmp_path / "run", steps=2, emas=(0.9,)).run()
    return tmp_path / "run"


def test_a_run_from_before_goes_on_and_says_what_is_new(context: Context, begun: Path) -> None:
    before = weights_in(begun)
    trainer = trainer_of(aligned(PLAIN), context, begun, steps=4, emas=(0.9,))
    fresh = {name: value.clone() for name, value in trainer.network.state_dict().items() if name.startswith("align.")}
    assert trainer.resume()
    assert trainer.notes == ["Resumed from step-00000002.safetensors.", NOTE]
    for name, value in trainer.network.state_dict().items():
        assert torch.equal(value, fresh[name] if name in fresh else before[f"model/{name}"])
    for kind, ema in trainer.state.emas.kept.items():
        for name, value in ema.state.items():
            assert torch.equal(value, fresh[name] if name in fresh else before[f"{kind}/{name}"]), (kind, name)
    trainer.run()
    after = weights_in(begun)
    assert {f"{kind}/align.0.weight" for kind in ("model", "ema", "ema@0.9")} <= after.keys()
    assert after["optim/align.0.weight/step"].item() == 2
    assert after["optim/null_z/step"].item() == 4
    assert not torch.equal(after["model/align.0.weight"], fresh["align.0.weight"])
    again = trainer_of(aligned(PLAIN), context, begun, steps=4, emas=(0.9,))
    assert again.resume()
    assert again.notes == ["Resumed from step-00000004.safetensors."]


def test_a_run_with_it_does_not_go_on_without_it(context: Context, tmp_path: Path) -> None:
    trainer_of(aligned(PLAIN), context, tmp_path, steps=1).run()
    with pytest.raises(InputError, match="network of other sizes; resume with the settings"):
        trainer_of(PLAIN, context, tmp_path, steps=2).resume()
    idle = trainer_of(replace(aligned(PLAIN), alignment=0.0), context, tmp_path, steps=2)
    assert idle.resume()
    idle.run()
    assert "optim/align.0.weight/exp_avg" in weights_in(tmp_path)


def test_a_resumed_run_is_the_run_that_was_not_stopped(context: Context, tmp_path: Path) -> None:
    trainer_of(aligned(PLAIN), context, tmp_path / "whole", steps=4).run()
    trainer_of(aligned(PLAIN), context, tmp_path / "parts", steps=2).run()
    again = trainer_of(aligned(PLAIN), context, tmp_path / "parts", steps=4)
    assert again.resume()
    again.run()
    whole, parts = weights_in(tmp_path / "whole"), weights_in(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_a_run_may_begin_with_weights_from_before(context: Context, begun: Path) -> None:
    start, old = newest(begun), weights_in(begun)
    assert start is not None
    data, runs = context.data, context.runs
    with prepare(aligned(PLAIN), "new", data=data, runs=runs, resume=False, start_from=start) as trainer:
        assert trainer.notes == [NOTE]
        assert torch.equal(trainer.network.state_dict()["unet.stem.weight"], old["model/unet.stem.weight"])
        assert trainer.network.state_dict()["align.0.weight"].any()


def test_a_checkpoint_whose_configuration_does_not_know_it_is_read_as_ever(begun: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file  # noqa: PLC0415

    path = newest(begun)
    assert path is not None
    network, metadata = load_network(path)
    config = json.loads(metadata["network"])
    assert config.pop("align") == 0
    old = tmp_path / "old.safetensors"
    tensors = {f"ema/{name}": value for name, value in network.state_dict().items()}
    save_file(tensors, old, metadata={"kind": "decoder", "network": json.dumps(config)})
    read, _ = load_network(old)
    assert isinstance(read, Decoder)
    assert read.config == PLAIN.network
    assert read.align is None
