"""Extending on a small model of random weights: the picture is kept, its surroundings are painted, no seam is seen."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfumato.api import Sfumato
from sfumato.diffusion.rng import frame_seed
from sfumato.errors import Cancelled, InputError
from sfumato.picture.fit import resample
from sfumato.picture.metadata import read
from sfumato.picture.read import read_picture
from sfumato.picture.seam import seam_ratio
from sfumato.pipeline import repaint
from sfumato.requests.extend import ExtendRequest, parse_amount
from sfumato.requests.registry import read_request
from sfumato.types import Progress


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    """Opaque, without edges of its own."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    rgb = [120 + 60 * np.sin(columns / 40), 100 + 50 * np.cos(rows / 30), 90 + 0.2 * columns]
    return np.stack([*rgb, np.full((height, width), 255)], axis=-1).astype(np.uint8)


FAST: dict[str, Any] = {"seed": 7, "steps": 1, "system": "glide"}


@pytest.mark.parametrize(
    ("size", "amounts", "shape"),
    [
        ((60, 60), {"left": "50%"}, (60, 90)),
        ((60, 80), {"left": "50%", "right": "25%", "top": 10, "bottom": "33"}, (103, 140)),
        ((300, 40), {"right": 20}, (300, 60)),
        ((300, 280), {"top": "100%"}, (600, 280)),
    ],
)
def test_the_picture_stays_where_it_was(
    painter: Sfumato, size: tuple[int, int], amounts: dict[str, Any], shape: tuple[int, int]
) -> None:
    picture = noise(*size)
    (out,) = painter.extend(picture, "a cat", **amounts, **FAST)
    assert out.pixels.shape == (*shape, 4)
    request = out.settings
    assert isinstance(request, ExtendRequest)
    there = out.pixels[request.top : request.top + size[0], request.left : request.left + size[1]]
    assert np.array_equal(there, picture)
    around = np.ones(shape, bool)
    around[request.top : request.top + size[0], request.left : request.left + size[1]] = False
    assert out.pixels[around].std() > 5


def test_picture_k_is_the_same_extended_alone(painter: Sfumato) -> None:
    three = painter.extend(noise(50, 50), "a cat", left=25, n=3, **FAST)
    (alone,) = painter.extend(noise(50, 50), "a cat", left=25, **{**FAST, "seed": 9})
    assert [one.seed for one in three] == [7, 8, 9]
    assert np.array_equal(alone.pixels, three[2].pixels)
    assert not np.array_equal(three[0].pixels, three[1].pixels)


def test_an_opaque_picture_goes_on_opaque(painter: Sfumato) -> None:
    (out,) = painter.extend(smooth(64, 64), "a cat", left=32, bottom=20, **FAST)
    assert (out.pixels[..., 3] == 255).all()


def test_each_frame_has_noise_of_its_own() -> None:
    assert frame_seed(5, 0) == 5
    seeds = [frame_seed(seed, j) for seed in range(20) for j in range(20)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert frame_seed(5, 3) == frame_seed(5, 3)


def test_frames_are_painted_with_their_seeds_nearest_first(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    original = repaint.sample_decoder

    def watched(*arguments: Any, seed: int, **others: Any) -> Any:
        seen.append(seed)
        return original(*arguments, seed=seed, **others)

    monkeypatch.setattr(repaint, "sample_decoder", watched)
    painter.extend(noise(256, 256), "a cat", right=512, **FAST)
    assert seen == [frame_seed(7, j) for j in range(4)]


def smoothly(_engine: Any, picture: np.ndarray, size: int, **_: Any) -> np.ndarray:
    """In the place of random upsamplers, whose blocks of pixels are edges of their own."""
    return np.clip(resample(picture, size, size), -1, 1)


def extended(painter: Sfumato, monkeypatch: pytest.MonkeyPatch, **amounts: int) -> np.ndarray:
    monkeypatch.setattr(repaint, "enlarge", smoothly)
    return painter.extend(smooth(256, 256), "a cat", **amounts, **{**FAST, "steps": 3})[0].pixels


def sides(left: int, right: int) -> np.ndarray:
    new = np.ones((256, left + 256 + right), bool)
    new[:, left : left + 256] = False
    return new


def test_no_seam_is_seen_and_without_healing_there_is_one(
    painter: Sfumato, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seam_ratio(extended(painter, monkeypatch, left=116, right=117), sides(116, 117)) < 2.0
    monkeypatch.setattr(repaint, "_fitted", lambda painted, *_, **__: painted)
    assert seam_ratio(extended(painter, monkeypatch, left=116, right=117), sides(116, 117)) > 6.0


def test_later_frames_meet_the_earlier_ones(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    """The border between what two frames painted is no more of an edge than what is around it."""
    second = np.zeros((256, 501), bool)
    second[:, 256 + 128 :] = True
    assert seam_ratio(extended(painter, monkeypatch, right=245), second) < 2.5


@pytest.mark.slow
def test_memory_is_one_canvas_and_one_frame(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canvas of 4096² as floats alone would be 268 MB."""

    monkeypatch.setattr(repaint, "enlarge", smoothly)
    picture = read_picture(smooth(3400, 3400))
    tracemalloc.start()
    (out,) = painter.extend(picture, "a cat", right=696, bottom=696, **FAST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out.pixels.shape == (4096, 4096, 4)
    assert np.array_equal(out.pixels[:3400, :3400], picture.pixels)
    assert peak < 4096 * 4096 * (4 + 4 + 1 + 1) + 200 * 2**20


def test_the_record_says_what_was_added(painter: Sfumato, tmp_path: Path) -> None:
    (out,) = painter.extend(noise(50, 40), "a cat", left="50%", bottom=7, **FAST)
    record = read(out.save(tmp_path / "cat.png"))
    assert record is not None
    assert record["operation"] == "extend"
    assert [record[name] for name in ("left", "right", "top", "bottom")] == [20, 0, 0, 7]
    assert record["sources"] == [{"name": "picture", "sha256": read_picture(noise(50, 40)).sha256}]
    assert read_request(record) == out.settings


def test_cancelling_stops_between_frames_too(painter: Sfumato) -> None:
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        painter.extend(
            noise(256, 256), "a cat", right=256, **FAST, progress=seen.append, cancelled=lambda: len(seen) >= 6
        )
    assert len(seen) == 6
    assert sum(p.stage == "decoder" for p in seen) == 2


@pytest.mark.parametrize(
    ("amount", "pixels"), [(200, 200), ("200", 200), ("200px", 200), ("50%", 32), ("12.5 %", 8), ("0", 0), (" 7 ", 7)]
)
def test_amounts(amount: int | str, pixels: int) -> None:
    assert parse_amount(amount, 64, "left") == pixels


@pytest.mark.parametrize("amount", ["", "half", "-5", -5, "5.5", True, "1e3", "50%%", None])
def test_other_amounts_are_refused(amount: Any) -> None:
    with pytest.raises(InputError, match="on the left cannot be used; give pixels, such as 200, or 50%"):
        parse_amount(amount, 64, "left")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Nothing is to be added; give --left"),
        ({"left": 4050}, "4100×50 pixels; add less, at most 4096 a side"),
        ({"top": "9999%"}, "add less"),
        ({"left": "a lot"}, "The amount 'a lot' on the left"),
        ({"left": 5, "prior": "ar"}, "prior"),
    ],
)
def test_bad_arguments_are_said(painter: Sfumato, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        painter.extend(noise(50, 50), "a cat", **arguments)
