"""Stages that learn from features: the same losses, the same samples for any split, runs that resume bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato_train.context import Context
from sfumato_train.features.maker import Maker
from sfumato_train.features.order import row_of
from sfumato_train.inputs import drawings_of
from sfumato_train.loader import loaded
from sfumato_train.loop import Trainer
from sfumato_train.position import Position
from sfumato_train.tasks import task_of
from support.kept_features import NAMES, PARTS, ROWS, keep, stage_of, with_training
from support.networks import filled
from support.toy import weights_in

N = PARTS * ROWS


@pytest.fixture(scope="module")
def kept(shared: Context) -> Context:
    """Features of a decoder in latents, which all the others but that of pixels share."""
    keep(stage_of("decoder"), shared)
    keep(stage_of("decoder_pixel", features="features-pixel"), shared)
    return shared


def both(name: str, context: Context) -> tuple[Any, Any]:
    """The task that computes and the one that reads, with the same weights that say something."""
    stage = pixel_or(name)
    computed, read = task_of(replace(stage, precomputed=False), context), task_of(stage, context)
    filled(read.network).requires_grad_(True)
    computed.network.load_state_dict(read.network.state_dict())
    return computed, read


def pixel_or(name: str) -> Any:
    return stage_of(name, features="features-pixel") if name == "decoder_pixel" else stage_of(name)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ar_prior"])
@pytest.mark.parametrize("first", [0, 60])
def test_the_loss_is_the_one_that_is_computed_on_the_fly(kept: Context, name: str, first: int) -> None:
    """The same sample, time, noise and drops; only the rounding to f16 lies between them."""
    computed, read = both(name, kept)
    one, two = computed.batch(first, 16), read.batch(first, 16)
    for drawn in ({"t", "eps", "keep_z", "keep_txt", "mask", "tokens", "targets"} & one.keys()):
        assert torch.equal(one[drawn], two[drawn]), drawn
    with torch.no_grad():
        expected, found = computed.loss(computed.network, one), read.loss(read.network, two)
    for value in expected:
        assert float(found[value]) == pytest.approx(float(expected[value]), rel=2e-3), value


def test_an_autoregressive_prior_is_asked_for_nearly_the_same_numbers(kept: Context) -> None:
    """Rounding may carry an embedding over the border of a bucket, so its numbers agree but for a few."""
    computed, read = both("ar_prior", kept)
    torch.testing.assert_close(read.network.mean, computed.network.mean, rtol=1e-2, atol=1e-3)
    with torch.no_grad():
        one, two = (task.loss(task.network, task.batch(0, 32)) for task in (computed, read))
    assert float(two["loss"]) == pytest.approx(float(one["loss"]), rel=0.05)
    assert float(two["left_out"]) == pytest.approx(float(one["left_out"]), rel=0.02)


def test_gradients_are_those_of_the_computed_loss(kept: Context) -> None:
    computed, read = both("decoder", kept)
    for task in (computed, read):
        task.loss(task.network, task.batch(0, 16))["loss"].backward()
    pairs = zip(computed.network.parameters(), read.network.parameters(), strict=True)
    grads = [(a.grad.flatten(), b.grad.flatten()) for a, b in pairs if a.grad is not None]
    one, two = (torch.cat(parts) for parts in zip(*grads, strict=True))
    assert float(torch.cosine_similarity(one, two, dim=0)) > 0.9999


@pytest.mark.parametrize("name", NAMES)
def test_later_epochs_have_the_same_rows_in_another_order_and_new_noise(kept: Context, name: str) -> None:
    task: Any = task_of(pixel_or(name), kept)
    once = task.inputs.batch(0, N)["z_img"]
    again = task.inputs.batch(N, N)["z_img"]
    assert not torch.equal(once, again)
    assert torch.equal(once.sort(dim=0).values, again.sort(dim=0).values)
    j = N + 17
    row = row_of(task.stage.train.seed, j, N)
    assert torch.equal(again[17], once[row])
    if name == "decoder":
        late, early = task.batch(j, 1), task.batch(row, 1)
        assert torch.equal(late["mask"], early["mask"])
        assert torch.equal(late["x_0"], early["x_0"])
        assert not torch.equal(late["eps"], early["eps"])
        assert late["t"] != early["t"]


def test_masks_are_as_many_as_configured_and_what_is_known_belongs_to_them(kept: Context) -> None:
    inputs = drawings_of(stage_of("decoder"), kept)
    batch = inputs.masked_batch(0, N, [])
    some = batch["mask"].amin(dim=(1, 2, 3)) < 0.5
    assert 0.35 < some.float().mean().item() < 0.65
    _, known = inputs.points(batch)
    assert bool((known[some].abs().amax(dim=(1, 2, 3)) > 0).all())
    assert not known[~some].any()


def pieces(task: Any, position: Position, steps: int) -> list[Tensor]:
    """What each step trains on, from all ranks in order."""
    made = [list(loaded(task, position, rank=rank, steps=steps)) for rank in range(position.ranks)]
    return [torch.cat([one.batch["z_img"] for one in ranks]) for ranks in zip(*made, strict=True)]


@pytest.mark.parametrize("changes", [{"ranks": 2}, {"workers": 2}, {"ranks": 4, "workers": 1}])
def test_processes_and_workers_see_the_samples_of_one(kept: Context, changes: dict[str, int]) -> None:
    """Over the border of an epoch, too."""
    task = task_of(stage_of("prior"), kept)
    start = {"step": 0, "samples": N - 24, "batch": 16}
    alone = pieces(task, Position(**start), 4)
    split = pieces(task, Position(**start, **changes), 4)
    assert len(alone) == 4
    assert all(torch.equal(one, two) for one, two in zip(alone, split, strict=True))
    assert not torch.equal(alone[0], alone[1])


@pytest.mark.parametrize("name", ["decoder", "prior", "ar_prior", "language"])
def test_a_resumed_run_is_the_run_that_was_not_stopped(kept: Context, name: str, tmp_path: Path) -> None:
    """48 samples a step: the third crosses into the second epoch, which the resumed run must find again."""
    torch.set_num_threads(1)
    stage = with_training(stage_of(name), batch=48, steps=5)
    short = with_training(stage, steps=3)
    Trainer(task_of(stage, kept), stage, tmp_path / "whole").run()
    Trainer(task_of(short, kept), short, tmp_path / "parts").run()
    again = Trainer(task_of(stage, kept), stage, tmp_path / "parts")
    assert again.resume()
    again.run()
    whole, parts = weights_in(tmp_path / "whole"), weights_in(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        assert torch.equal(value, parts[key]), key


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_stages_train_and_draw_their_sheets(kept: Context, name: str, bf16: bool, tmp_path: Path) -> None:
    stage = with_training(pixel_or(name), batch=32, steps=6, sheet_every=6, bf16=bf16)
    task: Any = task_of(stage, kept)
    before = [p.detach().clone() for p in task.network.parameters()]
    trainer = Trainer(task, stage, tmp_path)
    trainer.run()
    moved = [not torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2
    assert (tmp_path / "sheet-00000006.png").stat().st_size > 500


@pytest.mark.parametrize("name", ["prior", "ar_prior", "language"])
def test_no_tower_runs_or_stays_in_memory(kept: Context, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task: Any = task_of(stage_of(name), kept)

    def refused(_self: Context, stage: str) -> Any:
        raise AssertionError(f"{stage} was read")

    monkeypatch.setattr(Context, "trained", refused)
    with torch.no_grad():
        task.loss(task.network, task.batch(0, 8))
        task.sheet(task.network.eval())
    held = [value for value in vars(task.inputs).values() if isinstance(value, torch.nn.Module)]
    assert held == []


def test_a_dropped_embedding_is_zero(kept: Context) -> None:
    task: Any = task_of(stage_of("language"), kept)
    batch = task.batch(0, 8)
    z_img = task.inputs.z_img(batch, torch.tensor([0.0, 1.0] * 4))
    assert not z_img[::2].any()
    torch.testing.assert_close(z_img[1::2].norm(dim=1), torch.ones(4), rtol=1e-3, atol=1e-3)


def test_features_are_computed_in_the_stages_own_arithmetic(shared: Context) -> None:
    exact, coarse = (Maker(with_training(stage_of("decoder"), bf16=bf16), shared) for bf16 in (False, True))
    assert (exact.bf16, coarse.bf16) == (False, True)
    one, two = (made.answers(made.batch(0, 8)) for made in (exact, coarse))
    assert two["x_0"].dtype == one["x_0"].dtype == torch.float32
    assert not torch.equal(one["x_0"], two["x_0"])
    torch.testing.assert_close(two["x_0"], one["x_0"], rtol=0.1, atol=0.1)
    assert float(torch.cosine_similarity(one["z_img"], two["z_img"]).min()) > 0.99
