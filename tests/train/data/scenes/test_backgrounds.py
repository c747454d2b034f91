"""Backgrounds are opaque, whole, varied, and of the colour that their words name."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sfumato_train.data.scenes.backgrounds import PLAIN, fill, flat, gradient, landscape, plain
from sfumato_train.data.scenes.colour import hsv_to_rgb
from sfumato_train.data.scenes.landscapes import LANDSCAPES, Painting


@pytest.mark.parametrize("size", [16, 64, 256])
@pytest.mark.parametrize("make", [plain, gradient, landscape, flat])
def test_backgrounds_are_opaque_and_repeatable(make, size: int) -> None:  # type: ignore[no-untyped-def]
    for seed in range(12):
        first, second = (make(size, np.random.default_rng(seed)) for _ in range(2))
        assert first.pixels.shape == (size, size, 4)
        assert first.pixels.dtype == np.uint8
        assert (first.pixels[..., 3] == 255).all()
        np.testing.assert_array_equal(first.pixels, second.pixels)
        assert first.words == second.words


def test_plain_backgrounds_are_the_colour_they_name() -> None:
    seen = set()
    for seed in range(300):
        background = plain(8, np.random.default_rng(seed))
        name = re.fullmatch(r"on an? (.+) background", background.words).group(1)  # type: ignore[union-attr]
        seen.add(name)
        hue, saturation, value = PLAIN[name]
        expected = np.array(hsv_to_rgb(hue, saturation, value))
        assert np.ptp(background.pixels.reshape(-1, 4), axis=0).max() == 0
        assert np.abs(background.pixels[0, 0, :3] - expected).max() < 32, name
    assert seen == set(PLAIN)


def test_gradients_run_from_the_first_colour_to_the_second() -> None:
    for seed in range(60):
        background = gradient(32, np.random.default_rng(seed))
        first, second = re.fullmatch(r"on an? (.+) and (.+) gradient background", background.words).groups()  # type: ignore[union-attr]
        for name, corner in ((first, background.pixels[0, 0]), (second, background.pixels[-1, -1])):
            assert np.abs(corner[:3] - np.array(hsv_to_rgb(*PLAIN[name]), dtype=int)).max() < 36
        assert np.abs(np.diff(background.pixels[:, 16, :3].astype(int), axis=0)).max() < 24


def test_fill_is_one_colour() -> None:
    np.testing.assert_array_equal(fill(4, (1, 2, 3)), np.full((4, 4, 4), (1, 2, 3, 255)))


@pytest.mark.parametrize("paint", [entry[0] for entry in LANDSCAPES], ids=lambda p: p.__name__)
def test_a_landscape_is_one_scene_at_every_size(paint) -> None:  # type: ignore[no-untyped-def]
    """The same random numbers give the same scene: shrunk from 256 it is the one painted at 64."""
    small, large = Painting(64), Painting(256)
    paint(small, np.random.default_rng(3))
    paint(large, np.random.default_rng(3))
    shrunk = large.pixels().reshape(64, 4, 64, 4, 4).mean(axis=(1, 3))
    assert np.abs(shrunk - small.pixels()).mean() < 4


@pytest.mark.parametrize("paint", [entry[0] for entry in LANDSCAPES], ids=lambda p: p.__name__)
def test_landscapes_differ_from_draw_to_draw(paint) -> None:  # type: ignore[no-untyped-def]
    pictures = []
    for seed in range(3):
        painting = Painting(32)
        paint(painting, np.random.default_rng(seed))
        pictures.append(painting.pixels().astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() > 8
    assert np.abs(pictures[1] - pictures[2]).max() > 8


def test_landscapes_are_told_apart_by_their_words() -> None:
    words = [word for _, several in LANDSCAPES for word in several]
    assert len(words) == len(set(words))


def test_discs_and_boxes_cover_their_area() -> None:
    painting = Painting(100)
    painting.disc(0.5, 0.5, 0.25, (255, 255, 255))
    assert painting.rgb[..., 0].sum() / 255 == pytest.approx(np.pi * 25**2, rel=0.01)
    painting = Painting(100)
    painting.box(0.105, 0.2, 0.4, 0.6, (255, 255, 255))
    assert painting.rgb[..., 0].sum() / 255 == pytest.approx(29.5 * 40, rel=0.01)
    painting = Painting(100)
    painting.below(0.703, (255, 255, 255))
    assert painting.rgb[..., 0].sum() / 255 == pytest.approx(2970, rel=0.01)
