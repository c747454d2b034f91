"""How the upsamplers' pictures are spoilt and cropped."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sfumato.errors import InputError
from sfumato_train.context import Context
from sfumato_train.tasks.upsampler import UpsamplerTask, gaussian_blur
from support.stages import STAGES

SMALL, LARGE = STAGES["upsampler_256"], STAGES["upsampler_1024"]


def test_the_blur_is_a_gaussian_of_its_spread() -> None:
    dot = torch.zeros(1, 4, 7, 7)
    dot[..., 3, 3] = 1
    blurred = gaussian_blur(dot, 0.6)[0, 0]
    line = np.exp(-0.5 * (np.array([-1, 0, 1]) / 0.6) ** 2)
    expected = np.outer(line, line) / line.sum() ** 2
    np.testing.assert_allclose(blurred[2:5, 2:5].numpy(), expected, rtol=1e-5)
    assert blurred.sum().item() == pytest.approx(1)


def test_the_blur_keeps_flat_colour_to_the_edge() -> None:
    flat = torch.full((2, 4, 5, 5), 0.3)
    torch.testing.assert_close(gaussian_blur(flat, 0.9), flat)


@pytest.mark.parametrize("stage", [SMALL, LARGE], ids=["256", "1024"])
def test_low_resolution_shows_the_same_place(context: Context, stage: object) -> None:
    assert stage.kind == "upsampler"  # type: ignore[attr-defined]
    clean = dataclasses.replace(stage, through_autoencoder=0.0)  # type: ignore[type-var]
    task = UpsamplerTask(clean, context)
    batch = task.batch(0, 6)
    crop = clean.crop
    assert batch["high"].shape == (6, 4, crop, crop)
    assert batch["low_res"].shape == (6, 4, crop // 4, crop // 4)
    assert batch["low_res"].abs().max() <= 1
    difference = F.avg_pool2d(batch["high"], 4) - batch["low_res"]
    assert difference.abs().mean() < 0.08  # blur and noise only
    assert batch["high"].std() > 0.1


def test_the_autoencoders_mistakes_are_among_the_inputs(context: Context) -> None:
    always = dataclasses.replace(SMALL, through_autoencoder=1.0)  # type: ignore[arg-type]
    batch = UpsamplerTask(always, context).batch(0, 6)  # type: ignore[arg-type]
    difference = F.avg_pool2d(batch["high"], 4) - batch["low_res"]
    assert difference.abs().mean() > 0.2  # an untrained one reconstructs nothing


def test_a_large_picture_is_decoded_once_for_its_crops(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    task = UpsamplerTask(LARGE, context)  # type: ignore[arg-type]
    decoded: list[int] = []
    large = context.store.large

    def counted(index: int) -> np.ndarray:
        decoded.append(index)
        return large(index)

    monkeypatch.setattr(context.store, "large", counted)
    task.batch(0, 8)
    assert len(decoded) == 2
    task.batch(6, 4)  # numbers 6, 7 of one picture and 8, 9 of the next
    assert len(decoded) == 4


def test_only_pictures_that_have_a_large_version_are_drawn(context: Context) -> None:
    task = UpsamplerTask(LARGE, context)  # type: ignore[arg-type]
    assert len(task.large) == 4
    assert all(context.store.records[i].large is not None for i in task.large)


@pytest.mark.parametrize("crop", [30, 2048])
def test_a_crop_that_does_not_fit_is_refused(context: Context, crop: int) -> None:
    with pytest.raises(InputError, match=rf"A crop of {crop} pixels cannot be used; choose a multiple of 8 up to 256"):
        UpsamplerTask(dataclasses.replace(SMALL, crop=crop), context)  # type: ignore[arg-type]
