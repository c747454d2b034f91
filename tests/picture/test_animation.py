"""Animations, read again with Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from sfumato.errors import InputError
from sfumato.picture import metadata
from sfumato.picture.animation import BETWEEN_MS, END_MS, animation, durations, there_and_back

RECORD = {"software": "sfumato 1", "operation": "blend", "prompt": "crème " * 100, "frames": [{"weights": [1.0, 0.0]}]}


def frames(count: int = 4, *, alpha: bool = True) -> list[np.ndarray]:
    """A block that walks over nothing, and a half transparent one."""
    made = []
    for k in range(count):
        pixels = np.zeros((32, 40, 4), np.uint8)
        pixels[5:20, 5 + 3 * k : 20 + 3 * k] = (200, 60 * k, 40, 255)
        pixels[25:, :10] = (9, 9, 200, 100)
        pixels[25:, 20:30] = (9, 200, 9, 180)
        made.append(pixels if alpha else np.ascontiguousarray(pixels[..., :3]))
    return made


def shown(data: bytes) -> list[tuple[np.ndarray, int]]:
    with Image.open(io.BytesIO(data)) as image:
        return [(np.asarray(f.convert("RGBA")), int(f.info["duration"])) for f in ImageSequence.Iterator(image)]


def test_there_and_back_repeats_neither_end() -> None:
    assert there_and_back("abcd") == list("abcdcb")
    assert there_and_back("ab") == list("ab")
    assert durations(4) == [END_MS, BETWEEN_MS, BETWEEN_MS, END_MS, BETWEEN_MS, BETWEEN_MS]


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_all_pictures_are_there_with_their_times_for_ever(format: Any) -> None:
    data = animation(frames(), RECORD, format=format)
    assert [duration for _, duration in shown(data)] == durations(4)
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["loop"] == 0


def test_webp_keeps_every_pixel() -> None:
    for (pixels, _), expected in zip(
        shown(animation(frames(), RECORD, format="webp")), there_and_back(frames()), strict=True
    ):
        visible = expected[..., 3] > 0
        assert np.array_equal(pixels[visible], expected[visible])
        assert np.array_equal(pixels[..., 3], expected[..., 3])


def test_gif_is_clear_or_opaque_and_frames_do_not_pile_up() -> None:
    for (pixels, _), expected in zip(
        shown(animation(frames(), RECORD, format="gif")), there_and_back(frames()), strict=True
    ):
        assert np.array_equal(pixels[..., 3], np.where(expected[..., 3] < 128, 0, 255))
        solid = expected[..., 3] >= 128
        assert np.abs(pixels[solid][:, :3].astype(int) - expected[solid][:, :3]).max() <= 4


def test_gif_of_many_colours_and_of_none() -> None:
    rng = np.random.default_rng(0)
    noisy = [rng.integers(0, 256, (32, 32, 4), dtype=np.uint8) for _ in range(2)]
    empty = [np.zeros((8, 8, 4), np.uint8)] * 2
    for case in (noisy, empty):
        pixels, _ = shown(animation(case, {}, format="gif"))[0]
        assert np.array_equal(pixels[..., 3] == 0, case[0][..., 3] < 128)


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_opaque_pictures_stay_opaque(format: Any) -> None:
    assert all((pixels[..., 3] == 255).all() for pixels, _ in shown(animation(frames(alpha=False), {}, format=format)))


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_the_record_is_inside(format: Any) -> None:
    assert metadata.read(animation(frames(2), RECORD, format=format)) == RECORD


def test_a_strangers_gif_has_no_record() -> None:
    file = io.BytesIO()
    Image.new("P", (4, 4)).save(file, "GIF", comment=b"made by hand")
    assert metadata.read(file.getvalue()) is None


def test_one_picture_does_not_move_and_formats_are_two() -> None:
    with pytest.raises(InputError, match="two steps or more"):
        animation(frames(1), {}, format="gif")
    with pytest.raises(InputError, match="webp or gif, not as 'mp4'"):
        animation(frames(), {}, format="mp4")  # type: ignore[arg-type]
