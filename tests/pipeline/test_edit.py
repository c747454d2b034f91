"""Editing on a small model of random weights: what is kept, what is shown to the networks, what is recorded."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.api import Sfumato
from sfumato.engine.base import Array
from sfumato.errors import Cancelled, InputError
from sfumato.picture.metadata import read
from sfumato.picture.read import read_picture
from sfumato.pipeline.edit import FEATHER
from sfumato.pipeline.repaint import needed, working_size
from sfumato.requests.edit import EditRequest
from sfumato.requests.registry import read_request
from sfumato.types import Progress
from support.tiny_bundle import DECODER, PRIOR, UPSAMPLER_256


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1)


def noise(height: int, width: int, seed: int = 0, *, opaque: bool = False) -> np.ndarray:
    out = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    if opaque:
        out[..., 3] = 255
    return out


def hole(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A random box or disc of a mask [H, W]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    y, x, h, w = rng.random(4) * (height, width, height / 2, width / 2)
    near, across = np.abs(rows - y) / (h + 1), np.abs(columns - x) / (w + 1)
    mask = (near < 1) & (across < 1) if rng.random() < 0.5 else np.hypot(near, across) < 1
    mask[min(int(y), height - 1), min(int(x), width - 1)] = True
    return mask if not mask.all() else np.eye(height, width, dtype=bool)


def as_mask(where: np.ndarray) -> np.ndarray:
    out = np.full((*where.shape, 4), 255, np.uint8)
    out[..., 3] = np.where(where, 0, 255)
    return out


def check_kept(painter: Sfumato, seed: int) -> None:
    """A random picture and mask, of any shape and size, opaque or with all kinds of alpha and colours under it."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(3, 500, 2))
    picture = noise(height, width, seed, opaque=bool(seed % 2))
    if seed % 3 == 0:
        picture[rng.random((height, width)) < 0.5, 3] = 0  # colours under full transparency are kept too
    where = hole(height, width, seed)
    feather = int(rng.integers(0, 40)) if seed % 2 else None
    (out,) = painter.edit(picture, "a red fox", as_mask(where), seed=seed, steps=1, system="glide", feather=feather)
    assert out.pixels.shape == picture.shape
    assert np.array_equal(out.pixels[~where], picture[~where])
    assert where.sum() < 20 or not np.array_equal(out.pixels[where], picture[where])


@pytest.mark.parametrize("seed", range(15))
def test_what_is_not_marked_is_bit_for_bit_the_original(painter: Sfumato, seed: int) -> None:
    check_kept(painter, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(15, 200))
def test_two_hundred_pictures_keep_what_is_not_marked(painter: Sfumato, seed: int) -> None:
    check_kept(painter, seed)


SMALL = noise(96, 80, 5, opaque=True)
WHERE = hole(96, 80, 3)
SETTINGS: dict[str, Any] = {"seed": 40, "steps": 2}


def test_picture_k_is_the_same_edited_alone(painter: Sfumato) -> None:
    three = painter.edit(SMALL, "a red fox", as_mask(WHERE), n=3, **SETTINGS)
    assert [one.seed for one in three] == [40, 41, 42]
    (alone,) = painter.edit(SMALL, "a red fox", as_mask(WHERE), seed=42, steps=2)
    assert np.array_equal(alone.pixels, three[2].pixels)
    assert alone.settings == three[2].settings
    assert not np.array_equal(three[0].pixels, three[1].pixels)


@pytest.mark.parametrize(
    "change",
    [{"steps": 3}, {"guidance": 1.0}, {"system": "glide"}, {"sampler": "heun"}, {"feather": 0}, {"feather": 30}],
)
def test_settings_matter_inside_the_mask(painter: Sfumato, change: dict[str, Any]) -> None:
    (one,) = painter.edit(SMALL, "a red fox", as_mask(WHERE), **SETTINGS)
    (other,) = painter.edit(SMALL, "a red fox", as_mask(WHERE), **{**SETTINGS, **change})
    (blue,) = painter.edit(SMALL, "a blue cat", as_mask(WHERE), **SETTINGS)
    assert not np.array_equal(one.pixels, other.pixels)
    assert not np.array_equal(one.pixels, blue.pixels)


def test_what_was_under_the_mask_does_not_matter(painter: Sfumato) -> None:
    other = SMALL.copy()
    other[WHERE] = noise(96, 80, 77, opaque=True)[WHERE]
    (one,) = painter.edit(SMALL, "a red fox", as_mask(WHERE), **SETTINGS)
    (two,) = painter.edit(other, "a red fox", as_mask(WHERE), **SETTINGS)
    assert np.array_equal(one.pixels, two.pixels)


def test_an_opaque_picture_stays_opaque_and_another_need_not(painter: Sfumato) -> None:
    (solid,) = painter.edit(SMALL, "a red fox", as_mask(WHERE), **SETTINGS)
    assert (solid.pixels[..., 3] == 255).all()
    clear = SMALL.copy()
    clear[~WHERE, 3] = 0
    (open_,) = painter.edit(clear, "a red fox", as_mask(WHERE), **SETTINGS)
    assert (open_.pixels[..., 3] < 255).any()


def test_the_three_ways_to_say_where(painter: Sfumato) -> None:
    (by_alpha,) = painter.edit(SMALL, "a cat", as_mask(WHERE), **SETTINGS)
    white = np.repeat(np.where(WHERE, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    (by_white,) = painter.edit(SMALL, "a cat", white, mask_colour="white", **SETTINGS)
    (by_black,) = painter.edit(SMALL, "a cat", 255 - white, mask_colour="black", **SETTINGS)
    own = SMALL.copy()
    own[WHERE, 3] = 0
    (by_itself,) = painter.edit(own, "a cat", **SETTINGS)
    for other in (by_white, by_black, by_itself):
        assert np.array_equal(by_alpha.pixels, other.pixels)


def calls(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Array]]]:
    """All that is asked of networks from now on."""
    engine: Any = painter._model.engine
    seen: list[tuple[str, dict[str, Array]]] = []
    original = engine.network

    def watched(name: str) -> Callable[..., dict[str, Array]]:
        def call(**inputs: Array) -> dict[str, Array]:
            seen.append((name, inputs))
            out: dict[str, Array] = original(name)(**inputs)
            return out

        return call

    monkeypatch.setattr(engine, "network", watched)
    monkeypatch.setattr(engine, "prepare", lambda _wanted: None)
    return seen


def test_the_decoder_is_told_as_in_its_training(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased cells are transparent before they are encoded, and the mask is 1 where anything is repainted."""
    seen = calls(painter, monkeypatch)
    picture = noise(64, 64, 9)
    where = np.zeros((64, 64), bool)
    where[10:30, 20:50] = True
    painter.edit(picture, "a fox", as_mask(where), **SETTINGS)
    erased = next(inputs["picture"] for name, inputs in seen if name == "space_encoder")
    told = [inputs for name, inputs in seen if name == "decoder"]
    assert (erased[0, :, where] == -1).all()
    p = picture[..., :3].astype(np.float32) * picture[..., 3:] / 255**2 * 2 - 1
    np.testing.assert_allclose(erased[0, :3][:, ~where], p.transpose(2, 0, 1)[:, ~where], atol=1e-5)
    assert len(told) == 2
    for inputs in told:
        assert np.array_equal(inputs["mask"][:, 0] > 0.5, np.broadcast_to(where, (len(inputs["mask"]), 64, 64)))
        assert inputs["known"].std() > 0


def test_upsamplers_see_the_true_picture_outside_the_mask(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = calls(painter, monkeypatch)
    picture = noise(256, 256, 9, opaque=True)
    where = hole(256, 256, 4)
    painter.edit(picture, "a fox", as_mask(where), **SETTINGS)
    inputs = next(inputs for name, inputs in seen if name == "upsampler_256")
    true = (picture / 127.5 - 1).transpose(2, 0, 1).astype(np.float32)
    np.testing.assert_allclose(inputs["known"][0][:, ~where], true[:, ~where], atol=1e-5)
    assert not inputs["known"][0][:, where].any()
    assert np.array_equal(inputs["mask"][0, 0] > 0.5, where)
    blocks = true.reshape(4, 64, 4, 64, 4).mean(axis=(2, 4))
    cells = ~where.reshape(64, 4, 64, 4).any(axis=(1, 3))
    np.testing.assert_allclose(inputs["low_res"][0][:, cells], blocks[:, cells], atol=1e-5)


def test_large_pictures_are_worked_on_in_a_part_of_them(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = calls(painter, monkeypatch)
    picture = noise(700, 900, 2)
    where = np.zeros((700, 900), bool)
    where[300:340, 500:560] = True
    (out,) = painter.edit(picture, "a fox", as_mask(where), **SETTINGS)
    assert np.array_equal(out.pixels[~where], picture[~where])
    assert {name for name, _ in seen} >= {"upsampler_256"}
    assert "upsampler_1024" not in {name for name, _ in seen}
    where[100:600, 100:800] = True
    (large,) = painter.edit(picture, "a fox", as_mask(where), **SETTINGS)
    assert np.array_equal(large.pixels[~where], picture[~where])
    assert "upsampler_1024" in {name for name, _ in seen}
    assert large.settings.feather == round(900 * FEATHER)  # type: ignore[attr-defined]


def test_pixel_space_edits_too(tiny_pixel_bundle: Path) -> None:
    (out,) = Sfumato(tiny_pixel_bundle, threads=1).edit(SMALL, "a cat", as_mask(WHERE), **SETTINGS)
    assert np.array_equal(out.pixels[~WHERE], SMALL[~WHERE])
    assert "space" not in out.seconds


def test_the_record_names_what_it_was_made_from(painter: Sfumato, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    Image.fromarray(SMALL).save(path)
    data = io.BytesIO()
    Image.fromarray(as_mask(WHERE)).save(data, "WEBP", lossless=True, exact=True)
    (out,) = painter.edit(path, "a cat", data.getvalue(), mask_colour="alpha", feather=3, **SETTINGS)
    saved = out.save(tmp_path / "out.webp")
    record = read(saved)
    assert record is not None
    digest = hashlib.sha256("96×80×4".encode() + SMALL.tobytes()).hexdigest()
    assert record["operation"] == "edit"
    assert record["sources"][0] == {"name": "fox.png", "sha256": digest}
    assert record["sources"][1] == {"name": "mask", "sha256": read_picture(as_mask(WHERE)).sha256}
    assert (record["prompt"], record["seed"], record["feather"]) == ("a cat", 40, 3)
    assert read_request(record) == out.settings
    assert np.array_equal(read_picture(saved).pixels, out.pixels)


def test_progress_and_cancelling(painter: Sfumato) -> None:
    seen: list[Progress] = []
    painter.edit(SMALL, "a cat", as_mask(WHERE), n=2, seed=1, progress=seen.append)
    steps = {"prior": PRIOR.steps, "decoder": DECODER.steps, "space": 1, "upsampler_256": UPSAMPLER_256.steps}
    expected = [("text", 1, 1)]
    for picture in (1, 2):
        expected += [(stage, step, picture) for stage, n in steps.items() for step in range(1, n + 1)]
    assert [(p.stage, p.step, p.picture) for p in seen] == expected
    seen.clear()
    with pytest.raises(Cancelled):
        painter.edit(SMALL, "a cat", as_mask(WHERE), seed=1, progress=seen.append, cancelled=lambda: len(seen) >= 7)
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"mask": None}, "no fully transparent pixels"),
        ({"mask": as_mask(WHERE)[:9]}, "80×9 pixels and the picture 80×96"),
        ({"feather": -1}, "feather"),
        ({"feather": 1.5}, "feather"),
        ({"prompt": " "}, "prompt"),
        ({"n": 0}, "number of pictures"),
        ({"seed": 2**63 - 1, "n": 2}, "no room"),
        ({"sampler": "magic"}, "sampler"),
        ({"system": "magic"}, "system"),
        ({"prior": "ar"}, "prior"),
        ({"picture": b"no picture"}, "no picture that can be read"),
        ({"mask": b"no picture"}, "The mask is no picture"),
    ],
)
def test_bad_arguments_are_said(painter: Sfumato, arguments: dict[str, Any], said: str) -> None:
    given = {"picture": SMALL, "prompt": "a cat", "mask": as_mask(WHERE), **arguments}
    with pytest.raises(InputError, match=said):
        painter.edit(**given)


def test_what_is_needed_is_what_runs(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = calls(painter, monkeypatch)
    (out,) = painter.edit(SMALL, "a cat", as_mask(WHERE), **SETTINGS)
    assert isinstance(out.settings, EditRequest)
    engine = painter._model.engine
    assert {name for name, _ in seen} == {name for name, _ in needed(engine, out.settings, 96)}


def test_frames_are_painted_at_the_nearest_size_above(painter: Sfumato) -> None:
    engine = painter._model.engine
    assert [working_size(engine, side) for side in (20, 256, 257, 1024, 4096)] == [256, 256, 1024, 1024, 1024]
