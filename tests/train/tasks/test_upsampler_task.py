"""How the upsamplers' pictures are spoilt and cropped."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sfumato.errors import InputError
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.noise import generators
from sfumato_train.tasks.upsampler import UpsamplerTask, blurred_part, gaussian_blur
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


def test_some_crops_are_partly_known_and_the_network_learns_nothing_of_the_rest(context: Context) -> None:
    some = dataclasses.replace(SMALL, masked=0.5)  # type: ignore[type-var]
    task = UpsamplerTask(some, context)  # type: ignore[arg-type]
    batch = task.batch(0, 16)
    repaint = batch["mask"]
    assert repaint.shape == (16, 1, some.crop, some.crop)  # type: ignore[attr-defined]
    partly = (repaint == 0).flatten(1).any(1)
    assert 3 <= int(partly.sum()) <= 13
    seen: list[torch.Tensor] = []
    task.loss(lambda x_t, t, low, known, mask: seen.extend([known, mask]) or x_t, batch)  # type: ignore[arg-type]
    assert not (seen[0] * repaint).any()
    torch.testing.assert_close(seen[0] * (1 - repaint), batch["high"] * (1 - repaint))
    assert seen[1] is repaint


def test_a_plain_network_needs_no_masks(context: Context) -> None:
    assert "mask" not in UpsamplerTask(LARGE, context).batch(0, 2)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(("y", "x"), [(0, 0), (3, 5), (8, 0), (4, 8)])
def test_a_part_is_blurred_as_in_the_whole(y: int, x: int) -> None:
    picture = torch.randn(1, 4, 12, 12, generator=torch.Generator().manual_seed(y))
    whole = gaussian_blur(picture, 0.7)[:, :, y : y + 4, x : x + 4]
    torch.testing.assert_close(blurred_part(picture, 0.7, y, x, 4), whole)


def spoilt(task: UpsamplerTask, picture: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A crop made the long way: the whole picture is spoilt, and then cut."""
    low = F.avg_pool2d(picture, 4)
    if task.autoencoder is not None and rng.random() < task.stage.through_autoencoder:
        latents = task.autoencoder.encode(low)
        noise = torch.from_numpy(rng.standard_normal(latents.shape, dtype=np.float32))
        low = task.autoencoder.decode(latents + noise * rng.uniform(0, 0.15))
    if rng.random() < 0.5:
        low = gaussian_blur(low, float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.5:
        low = low + torch.from_numpy(rng.standard_normal(low.shape, dtype=np.float32)) * rng.uniform(0, 0.06)
    side = task.stage.crop // 4
    y, x = (int(rng.integers(0, low.shape[-1] - side + 1)) for _ in range(2))
    high = picture[:, :, 4 * y : 4 * (y + side), 4 * x : 4 * (x + side)]
    return high, low.clamp(-1, 1)[:, :, y : y + side, x : x + side]


def test_computing_only_what_is_seen_changes_no_sample(context: Context) -> None:
    always = dataclasses.replace(SMALL, through_autoencoder=0.7, crops_per_picture=3)  # type: ignore[arg-type,type-var]
    task = UpsamplerTask(always, context)
    batch = task.batch(0, 9)
    for j, rng in enumerate(generators(always.train.seed, 0, 9)):
        picture = pictures_to_tensor(task.stream.batch(j // 3, 1).pictures)
        high, low = spoilt(task, picture, rng)
        torch.testing.assert_close(batch["high"][j : j + 1], high)
        torch.testing.assert_close(batch["low_res"][j : j + 1], low, atol=1e-5, rtol=1e-5)
