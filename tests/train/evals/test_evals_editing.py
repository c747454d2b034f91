"""What is measured of editing: hard cases at random, known answers, and numbers that can fall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sfumato.engine.base import Engine
from sfumato_train.data.store import PictureStore
from sfumato_train.evals import editing
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.config import quick_config
from sfumato_train.evals.editing import hole, measure_editing, psnr, random_edits
from sfumato_train.evals.own_clip import OwnClip


@pytest.fixture
def bench(engine: Engine, store: PictureStore, tmp_path: Path) -> Bench:
    config = replace(quick_config(), edits=3, seams=2)
    return Bench(engine=engine, clip=OwnClip(engine), store=store, config=config, out=tmp_path)


def test_random_edits_are_of_every_kind_and_the_same_again() -> None:
    edits = list(random_edits(0, 40))
    again = list(random_edits(0, 40))
    assert all((a.sha256, m.sum()) == (b.sha256, n.sum()) for (a, m), (b, n) in zip(edits, again, strict=True))
    opaque = [bool((source.pixels[..., 3] == 255).all()) for source, _ in edits]
    assert 8 < sum(opaque) < 32
    assert all(mask.shape == source.pixels.shape[:2] for source, mask in edits)
    assert len({source.pixels.shape for source, _ in edits}) > 30


@pytest.mark.parametrize("shape", [(16, 16), (16, 256), (200, 40)])
def test_a_hole_is_neither_nothing_nor_everything(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    shares = [hole(rng, *shape).mean() for _ in range(20)]
    assert 0.05 < min(shares) < max(shares) < 0.5


def test_psnr_by_hand() -> None:
    one = np.zeros((1, 4, 8, 8), np.float32)
    assert psnr(one, one) == 99.0
    assert psnr(one, one + 0.2) == pytest.approx(10 * np.log10(4 / 0.04), rel=1e-5)
    assert psnr(one, one + 0.1) - psnr(one, one + 0.2) == pytest.approx(20 * np.log10(2), rel=1e-4)


def test_an_engine_of_random_weights_keeps_what_it_must(bench: Bench) -> None:
    scores = measure_editing(bench)
    assert scores["editing.kept"] == 1.0
    assert scores["editing.edits"] == 3
    assert scores["editing.seam"] > 0
    assert scores["editing.seam_real"] > 0
    assert 0 < scores["editing.psnr"] < 99


def test_one_changed_pixel_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    true = editing.edit

    def careless(model, request, source, mask, **others):  # type: ignore[no-untyped-def]
        pictures = true(model, request, source, mask, **others)
        row, column = np.argwhere(~mask)[0]
        pictures[0].pixels[row, column, 0] ^= 1
        return pictures

    monkeypatch.setattr(editing, "edit", careless)
    assert measure_editing(bench)["editing.kept"] == 0.0
