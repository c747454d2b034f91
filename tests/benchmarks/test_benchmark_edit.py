"""The benchmark of seams, on a small model: its variants differ, and nothing of them stays behind."""

from __future__ import annotations

from pathlib import Path

import edit_seams
import numpy as np
import pytest

from sfumato.api import Sfumato
from sfumato.pipeline import repaint


@pytest.fixture(scope="module")
def case() -> tuple[str, np.ndarray, np.ndarray]:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[20:50, 10:40] = True
    return "a fox", picture, hole


def test_every_variant_is_measured(tiny_bundle: Path, case: tuple[str, np.ndarray, np.ndarray]) -> None:
    table, sheet = edit_seams.measure(Sfumato(tiny_bundle, threads=1), [case], seed=3)
    assert list(table) == ["the original", *edit_seams.VARIANTS]
    assert table["the original"]["error_in_hole"] == 0
    assert len({row["error_in_hole"] for row in table.values()}) == len(table)
    assert sheet.shape == (64, 64 * (2 + len(edit_seams.VARIANTS)), 3)


def test_means_are_put_back(tiny_bundle: Path, case: tuple[str, np.ndarray, np.ndarray]) -> None:
    painter, before = Sfumato(tiny_bundle, threads=1), (repaint.sample_decoder, repaint._fitted)
    prompt, picture, hole = case

    def edited() -> np.ndarray:
        return painter.edit(picture, prompt, edit_seams.as_mask(hole), seed=3)[0].pixels

    whole = edited()
    with edit_seams.means(told=True, mended=True, healed=True):
        assert np.array_equal(edited(), whole)
    with pytest.raises(RuntimeError), edit_seams.means(told=False, mended=False, healed=False):
        raise RuntimeError
    assert (repaint.sample_decoder, repaint._fitted) == before
    assert np.array_equal(edited(), whole)
