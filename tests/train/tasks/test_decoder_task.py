"""The decoder's loss: on the velocity, of the right size, blind to what it should not see."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion.schedule import schedule
from sfumato_train.conditions import words
from sfumato_train.context import Context
from sfumato_train.tasks.decoder import DecoderTask, min_snr
from sfumato_train.tasks.sheets import grid, heat_map, to_rgb
from support.stages import STAGES


@pytest.fixture(scope="module")
def task(context: Context) -> DecoderTask:
    return DecoderTask(STAGES["decoder"], context)  # type: ignore[arg-type]


class Oracle(nn.Module):
    """Answers with a given point, moved by `error`; remembers what it was told."""

    def __init__(self, answer: Tensor, error: float = 0.0) -> None:
        super().__init__()
        self.answer, self.error = answer, error
        self.told: tuple[Tensor, ...] = ()

    def forward(self, *told: Tensor) -> Tensor:
        self.told = told
        return self.answer + self.error


def test_the_truth_costs_nothing(task: DecoderTask) -> None:
    batch = task.batch(0, 4)
    truth = task.space.encode(batch["picture"])
    assert task.loss(Oracle(truth), batch)["loss"].item() == pytest.approx(0, abs=1e-8)


def test_an_error_costs_its_square_over_that_of_t(task: DecoderTask) -> None:
    """For the flow schedule v = (x_t − x_0)/t, so an error e of x_0 is one of e/t, t at least the floor's."""
    batch = task.batch(0, 4) | {"t": torch.tensor([1.0, 0.5, 0.05, 0.001])}
    truth = task.space.encode(batch["picture"])
    values = task.loss(Oracle(truth, 0.1), batch)
    expected = np.mean([0.01, 0.04, 4.0, 4.0])
    assert values["loss"].item() == pytest.approx(expected, rel=0.06)
    assert values["x_0_mse"].item() == pytest.approx(0.01, rel=1e-4)


def test_other_losses_weigh_the_times_as_they_say(context: Context) -> None:
    """An error e of x_0 costs e² ("x0"), or e²·min(SNR, 5) with an SNR of ((1 − t)/t)² for the flow schedule."""
    for loss, weights in (("x0", [1, 1, 1, 1]), ("min_snr", [0, 1, 5, 1 / 9])):
        stage = dataclasses.replace(STAGES["decoder"], loss=loss)  # type: ignore[type-var]
        task = DecoderTask(stage, context)  # type: ignore[arg-type]
        batch = task.batch(0, 4) | {"t": torch.tensor([1.0, 0.5, 0.05, 0.75])}
        truth = task.space.encode(batch["picture"])
        values = task.loss(Oracle(truth, 0.1), batch)
        assert values["loss"].item() == pytest.approx(0.01 * np.mean(weights), rel=1e-3)


def test_the_weight_is_the_ratio_up_to_its_limit() -> None:
    flow = schedule("flow")
    t = torch.tensor([0.0, 1 / (1 + math.sqrt(5)), 0.5, 1.0])
    torch.testing.assert_close(min_snr(flow, t), torch.tensor([5.0, 5.0, 1.0, 0.0]), atol=1e-5, rtol=1e-5)


def test_the_network_is_told_of_the_picture_only_what_is_not_masked(task: DecoderTask) -> None:
    batch = task.batch(0, 4) | {"mask": torch.ones(4, 1, 64, 64), "t": torch.ones(4), "keep_z": torch.ones(4)}
    oracle = Oracle(task.space.encode(batch["picture"]))
    task.loss(oracle, batch)
    x_t, _, z_img, _, feats, _, _, known, mask = oracle.told
    torch.testing.assert_close(x_t, batch["eps"])
    assert not known.any()
    assert bool((mask == 1).all())
    torch.testing.assert_close(z_img.norm(dim=1), torch.ones(4))
    assert feats.shape[:2] == batch["txt_tokens"].shape


def test_drops_and_masks_happen_as_often_as_configured(task: DecoderTask) -> None:
    batches = [task.batch(first, 50) for first in (0, 50, 100)]
    z, txt = (torch.cat([batch[name] for batch in batches]) for name in ("keep_z", "keep_txt"))
    assert 0.02 < 1 - z.mean().item() < 0.2
    assert 0.36 < 1 - txt.mean().item() < 0.64
    partial = torch.cat([batch["mask"].amin(dim=(1, 2, 3)) < 0.5 for batch in batches]).float()
    assert 0.33 < partial.mean().item() < 0.67


def test_sampling_with_a_perfect_network_gives_the_picture(task: DecoderTask) -> None:
    batch = task.batch(0, 2)
    truth = task.space.encode(batch["picture"])
    said = words(task.clip, batch["txt_tokens"], batch["txt_mask"])
    z_img = torch.zeros(2, 20)
    made = task.sample(Oracle(truth), z_img=z_img, keep_z=1, said=said, keep_txt=1, steps=3)
    torch.testing.assert_close(made, task.space.decode(truth), atol=1e-4, rtol=1e-4)


def test_pictures_lie_on_a_pale_chequered_ground() -> None:
    clear, red = torch.full((1, 4, 16, 16), -1.0), torch.full((1, 4, 16, 16), -1.0)
    red[:, [0, 3]] = 1
    ground = to_rgb(clear)
    assert {math.floor(0.96 * 255 + 0.5), math.floor(0.86 * 255 + 0.5)} == set(np.unique(ground))
    assert to_rgb(red).reshape(-1, 3).tolist() == [[255, 0, 0]] * 256


def test_a_grid_has_white_lines() -> None:
    sheet = grid(np.zeros((3, 4, 5, 3), np.uint8), 2)
    assert sheet.shape == (12, 14, 3)
    assert not sheet[:4, :5].any()
    assert not sheet[6:10, :5].any()
    assert (sheet[6:, 7:] == 255).all()


def test_a_heat_map_runs_from_black_to_white() -> None:
    made = heat_map(np.array([[0.1, 0.3], [0.2, 0.1]], np.float32), zoom=2)
    assert made.shape == (4, 4, 3)
    assert made[0, 0].tolist() == [0, 0, 0]
    assert made[0, 3].tolist() == [255, 255, 255]
    assert heat_map(np.ones((2, 2), np.float32)).max() == 0
