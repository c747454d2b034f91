"""A sticker's white border and a drop shadow."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.scenes.effects import MARGIN, outlined, shadowed
from sfumato_train.data.scenes.sprite import Pixels, content_box
from support.cast_store import RED, Subject, draw


def disc(size: int) -> Pixels:
    return shrink(premultiply(draw(Subject(name="x", category="objects", shape="disc", colour=RED))), 256 // size)


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("effect", [outlined, shadowed])
def test_effects_keep_the_invariants(effect, size: int) -> None:  # type: ignore[no-untyped-def]
    after = effect(disc(size))
    assert after.shape == (size, size, 4)
    assert (after[..., :3] <= after[..., 3:]).all()
    np.testing.assert_array_equal(after[size // 2, size // 2], disc(size)[size // 2, size // 2])


@pytest.mark.parametrize("size", [64, 256])
def test_a_sticker_has_a_white_opaque_border(size: int) -> None:
    after = outlined(disc(size))
    x0, _, x1, _ = content_box(after)
    row = after[size // 2]
    border = row[x0 + size // 64 + 1 : x0 + size // 32 + 1]
    assert (border[:, 3] > 230).all()
    assert np.ptp(border.astype(int), axis=-1).max() < 10
    inner = content_box(disc(size))
    assert (x1 - x0) > (inner[2] - inner[0]) * (1 - 2 * MARGIN) + size * 0.02


def test_a_shadow_falls_to_the_lower_right_and_is_dark() -> None:
    after = shadowed(disc(256)).astype(int)
    alpha = after[..., 3]
    half_clear = (alpha > 20) & (alpha < 110)
    rows, columns = np.nonzero(half_clear)
    assert rows.mean() > 128
    assert columns.mean() > 128
    assert after[half_clear][:, :3].max() < 100
