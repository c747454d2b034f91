"""The measure of seams, on pictures whose seams are known."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.picture.seam import seam_ratio


def test_a_seam_is_measured_where_there_is_one() -> None:
    right = np.zeros((64, 80), bool)
    right[:, 40:] = True
    picture = np.full((64, 80, 4), 255, np.uint8)
    picture[..., :3] = 2 * np.arange(80)[:, None]
    assert seam_ratio(picture, right) == pytest.approx(1.0, rel=0.01)
    picture[:, 40:, :3] += 20
    assert seam_ratio(picture, right) == pytest.approx(11, rel=0.01)


def test_flat_pictures_have_no_seam_and_one_level_is_one() -> None:
    picture = np.full((30, 30, 4), 200, np.uint8)
    inside = np.zeros((30, 30), bool)
    inside[10:20, 10:20] = True
    assert seam_ratio(picture, inside) == pytest.approx(1)
    picture[inside, 0] += 1
    assert seam_ratio(picture, inside) > 5


def test_noise_hides_a_border() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (200, 200, 4), dtype=np.uint8)
    inside = np.hypot(*(np.mgrid[:200, :200] - 100)) < 50
    assert seam_ratio(picture, inside) == pytest.approx(1, abs=0.05)


def test_colours_under_transparency_are_no_edges() -> None:
    picture = np.zeros((30, 30, 4), np.uint8)
    inside = np.zeros((30, 30), bool)
    inside[:, 15:] = True
    picture[inside, :3] = 255
    assert seam_ratio(picture, inside) == pytest.approx(1)
