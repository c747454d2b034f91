"""Pictures become premultiplied squares; damage and bombs are refused before they cost anything; threads agree."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato_train.data.scale.decode import decode, squared
from sfumato_train.data.scale.sample import Unusable
from support.raw_shards import picture


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_formats_by_content(format: str) -> None:
    found = decode(picture(1, (40, 30), format=format), side=64)
    assert (found.width, found.height) == (40, 30)
    assert found.pixels.shape == (30, 40, 4)
    assert (found.pixels[..., 3] == 255).all()


def test_large_jpegs_are_decoded_smaller_but_keep_their_size_on_paper() -> None:
    found = decode(picture(2, (1600, 1200)), side=64)
    assert (found.width, found.height) == (1600, 1200)
    assert 128 <= min(found.pixels.shape[:2]) <= 300
    small = squared(found.pixels, 64, "pad").astype(int)
    exact = squared(np.asarray(Image.open(io.BytesIO(picture(2, (1600, 1200)))).convert("RGBA")), 64, "pad")
    assert np.abs(small - exact).mean() < 2


def bomb() -> bytes:
    """A PNG of 30,000² pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(30_001) * 50)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data", [b"", b"no picture", picture(1)[:200], picture(1, format="GIF"), bomb(), b"<svg xmlns='x'/>"]
)
def test_what_is_no_picture_is_unusable(data: bytes) -> None:
    with pytest.raises(Unusable, match="unreadable picture"):
        decode(data, side=64)


@given(cut=st.integers(1, len(picture(3)) - 1), flip=st.integers(0, len(picture(3)) - 1), bit=st.integers(0, 7))
def test_damage_is_unusable_or_a_picture_and_nothing_else(cut: int, flip: int, bit: int) -> None:
    data = bytearray(picture(3))
    data[flip] ^= 1 << bit
    for spoilt in (bytes(data), picture(3)[:cut]):
        with contextlib.suppress(Unusable):
            assert decode(spoilt, side=64).pixels.shape[2] == 4


def test_a_square_stays_what_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    for fit in ("crop", "pad"):
        np.testing.assert_array_equal(squared(pixels, 32, fit), pixels)  # type: ignore[arg-type]


def test_cropping_takes_the_centre_and_padding_takes_all() -> None:
    pixels = np.zeros((10, 30, 4), np.uint8)
    pixels[:, :10] = [255, 0, 0, 255]
    pixels[:, 10:20] = [0, 255, 0, 255]
    pixels[:, 20:] = [0, 0, 255, 255]
    assert (squared(pixels, 8, "crop") == [0, 255, 0, 255]).all()
    padded = squared(pixels, 30, "pad")
    assert (padded[:10] == 0).all()
    assert (padded[20:] == 0).all()
    np.testing.assert_array_equal(padded[10:20], pixels)


def test_shrinking_averages_premultiplied_colours() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = [200, 100, 0, 255]
    pixels[1, 1] = [0, 255, 0, 0]  # colour that nobody sees
    assert squared(pixels, 1, "crop")[0, 0].tolist() == [50, 25, 0, 64]


@settings(max_examples=40)
@given(size=st.integers(8, 100), width=st.integers(1, 90), height=st.integers(1, 90), seed=st.integers(0, 9))
def test_squares_are_premultiplied_whatever_comes_in(size: int, width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    for fit in ("crop", "pad"):
        made = squared(pixels, size, fit)  # type: ignore[arg-type]
        assert made.shape == (size, size, 4)
        assert (made[..., :3] <= made[..., 3:]).all()


def test_many_threads_leave_the_warnings_as_they_were() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.open(io.BytesIO(picture(4))).save(file, "JPEG", exif=exif.tobytes()[:-6])
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        shapes = {found.pixels.shape for found in pool.map(lambda _: decode(file.getvalue(), side=64), range(64))}
    assert len(shapes) == 1
    assert list(warnings.filters) == before
