"""Files that want to harm: each is one sentence, at once, in little memory, and nothing is written."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.errors import InputError
from sfumato.picture import headers
from sfumato.picture.headers import Unreadable, inspect
from sfumato.picture.read import MAX_BYTES, read_picture

MEGABYTES = 150  # of memory that no refusal may need


def encoded(format: str, size: tuple[int, int] = (24, 16), **options: Any) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, format, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 8, height: int = 8, *extra: bytes, rows: bytes | None = None) -> bytes:
    pixels = zlib.compress(bytes(height * (width * 3 + 1)) if rows is None else rows)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def compressed(name: bytes, data: bytes) -> bytes:
    return name + b"\0\0" + zlib.compress(data, 9)


def frames(count: int) -> bytes:
    """An animation, its last frame repeated until there are so many."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(
        out, "WEBP", save_all=True, append_images=[Image.new("RGB", (4, 4), (9, 0, 0))], lossless=True
    )
    data = out.getvalue()
    last = data[data.rindex(b"ANMF") :]
    body = data[8:] + last * (count - 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def still(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def large_webp() -> bytes:
    """The header of an animation of 16383×16383 pixels, of which a decoder would make room for two copies."""
    side = (16382).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side
    return b"RIFF" + struct.pack("<I", len(body)) + body


def scans(count: int) -> bytes:
    data = encoded("JPEG", progressive=True)
    at = data.index(b"\xff\xda")
    end = data.index(b"\xff", at + 2 + 12)
    while data[end + 1] == 0:
        end = data.index(b"\xff", end + 1)
    return data[:end] + data[at:end] * count + data[end:]


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is empty"),
    "text": (lambda: b"a red apple\n" * 9, "no picture that can be read; convert"),
    "huge PNG": (lambda: png(12000, 12000, rows=bytes(100)), "12000×12000 pixels; make it smaller"),
    "huge PNG in full": (lambda: png(12000, 12000, rows=bytes(12000 * 12000)), "12000×12000 pixels"),
    "endless PNG": (lambda: png(2**31 - 1, 1, rows=b""), "2147483647×1 pixels"),
    "no pixels": (lambda: png(0, 5), "has no pixels"),
    "huge text": (lambda: png(8, 8, chunk(b"zTXt", compressed(b"Comment", bytes(80_000_000)))), "more text or colour"),
    "huge profile": (lambda: png(8, 8, chunk(b"iCCP", compressed(b"icc", bytes(80_000_000)))), "more text or colour"),
    "profile in a JPEG": (lambda: encoded("JPEG", icc_profile=bytes(5_000_000)), "colour profile of more than 4 MB"),
    "many texts": (lambda: png(8, 8, chunk(b"tEXt", b"a\0b") * 2000), "too many pieces"),
    "many pieces": (lambda: png(8, 8, chunk(b"IDAT", b"") * 100_001), "too many pieces"),
    "many segments": (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 100_000 + b"\xff\xd9", "too many pieces"),
    "junk": (lambda: b"\xff\xd8\xff\xe0\0\2" + bytes(500_000) + b"\xff\xd9", "too many pieces"),
    "padding": (lambda: b"\xff\xd8" + b"\xff" * 500_000, "too many pieces"),
    "many scans": (lambda: scans(150), "more scans than a picture needs"),
    "huge WebP": (large_webp, "16383×16383 pixels"),
    "WebP without a size": (lambda: b"RIFF\x20\0\0\0WEBPXXXX" + bytes(20), "a WebP without a size"),
    "wrong sum": (lambda: png().replace(b"IHDR\0\0\0\x08", b"IHDR\0\0\0\x09"), "checksum is wrong"),
    "wrong sum of a note": (lambda: png(8, 8, chunk(b"tEXt", b"a\0b")[:-1] + b"!"), "checksum is wrong"),
    "wrong sum of pixels": (lambda: png()[:-16] + bytes(4) + png()[-12:], "checksum is wrong"),
    "PNG without a header": (lambda: b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b""), "a PNG without a header"),
    "JPEG without a size": (lambda: b"\xff\xd8\xff\xda\0\2" + bytes(40), "a JPEG without a size"),
    "pixels that break off": (lambda: png(64, 64, rows=bytes(100)), "damaged or breaks off"),
    "GIF": (lambda: encoded("GIF"), "is a GIF; convert it"),
    "TIFF": (lambda: encoded("TIFF"), "is a TIFF; convert it"),
    "BMP": (lambda: encoded("BMP"), "is a BMP; convert it"),
    "icon": (lambda: encoded("ICO"), "is an icon file; convert it"),
    "EPS": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is an EPS or PostScript file; convert it"),
    "PDF": (lambda: b"%PDF-1.7\n", "is a PDF; convert it"),
    "SVG": (lambda: b'<?xml version="1.0"?>\n<!DOCTYPE svg>\n<SVG width="9"/>', "is an SVG; convert it"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "is a HEIC; convert it"),
    "AVIF": (lambda: b"\0\0\0\x18ftypavif" + bytes(40), "is an AVIF; convert it"),
    "JPEG XL": (lambda: b"\xff\x0a" + bytes(40), "is a JPEG XL; convert it"),
    "Photoshop": (lambda: b"8BPS\0\1" + bytes(40), "is a Photoshop file; convert it"),
    "too many bytes": (lambda: png() + bytes(MAX_BYTES), "larger than 100 MB"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_each_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, reason = BOMBS[name]
    path = tmp_path / "picture.png"
    path.write_bytes(make())
    tracemalloc.start()
    with pytest.raises(InputError) as refused:
        read_picture(path, what="mask")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = str(refused.value)
    assert reason in said
    assert said.startswith(f"The mask {path} ")
    assert said.endswith(".")
    assert "\n" not in said
    assert peak < MEGABYTES * 2**20
    assert [one.name for one in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.5, 0.9, 0.98])
def test_what_breaks_off_is_refused(format: str, share: float) -> None:
    data = encoded(format, (200, 160))
    with pytest.raises(InputError, match=r"(is empty|breaks off|is missing|no picture|a PNG without).*\.$"):
        read_picture(data[: int(share * len(data))])


def test_ten_thousand_frames_are_one_picture() -> None:
    assert read_picture(frames(10_000)).pixels.shape == (4, 4, 4)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"progressive": True}, {"exif": b"Exif\0\0MM\0*"}])
@pytest.mark.parametrize("size", [(1, 1), (333, 77)])
def test_the_size_is_known_without_decoding(format: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    header = inspect(encoded(format, size, **options))
    assert (header.format, header.width, header.height) == (format, *size)


def test_the_largest_picture_that_is_read() -> None:
    data = png(4096, 4096)
    assert read_picture(data).pixels.shape == (4096, 4096, 4)
    with pytest.raises(InputError, match="4096×4097 pixels; make it smaller, at most 4096×4096"):
        read_picture(png(4096, 4097))


def test_paths_that_hold_no_file(tmp_path: Path) -> None:
    folder, fifo = tmp_path / "folder", tmp_path / "fifo"
    folder.mkdir()
    os.mkfifo(fifo)
    for path, reason in [
        (tmp_path / "no.png", "There is no picture .*no.png; check the path"),
        (folder, "is a folder; name a PNG, JPEG or WebP file in it"),
        (fifo, "is no ordinary file"),
        (folder / "x" / "y.png", "There is no picture"),
        ("a\0b.png", "cannot be opened"),
        ("x" * 5000, "cannot be opened"),
    ]:
        with pytest.raises(InputError, match=reason):
            read_picture(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(png())
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        read_picture(path)


def test_a_denied_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(png())

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match=r"secret.png cannot be opened \(permission denied\); check the path\."):
        read_picture(path)


def test_limits_leave_room_for_what_encoders_write() -> None:
    assert inspect(png(8, 8, chunk(b"IDAT", b"") * 9000)).width == 8
    assert inspect(scans(5)).width == 24
    assert headers.MAX_SCANS > 20


SIDEWAYS = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
SAMPLES = {
    "png": encoded("PNG"),
    "palette": encoded("PNG", bits=4),
    "jpeg": encoded("JPEG"),
    "progressive": encoded("JPEG", progressive=True, exif=SIDEWAYS),
    "webp": encoded("WEBP"),
    "lossless": encoded("WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "animated": frames(3),
    "apng": still(Image.new("L", (9, 9)), save_all=True, append_images=[Image.new("L", (9, 9), 9)]),
}


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=40)
@given(data=st.data())
def test_damage_is_refused_or_read_and_nothing_else(name: str, data: st.DataObject) -> None:
    """Flipped bits, overwritten bytes, parts cut out or repeated: a picture or an InputError, never more."""
    file = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file) - 1))
        kind = data.draw(st.sampled_from(["flip", "write", "cut", "repeat", "end"]))
        if kind == "flip":
            file[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "write":
            file[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del file[at : at + data.draw(st.integers(1, 9))]
        elif kind == "repeat":
            file[at:at] = file[at : at + data.draw(st.integers(1, 99))]
        else:
            del file[at:]
        if not file:
            break
    with contextlib.suppress(InputError):
        pixels = read_picture(bytes(file)).pixels
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 4


@settings(max_examples=200)
@given(head=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\0\0\0WEBPVP8X", b""]), rest=st.binary())
def test_any_bytes_have_a_header_or_none(head: bytes, rest: bytes) -> None:
    try:
        header = inspect(head + rest)
    except Unreadable:
        return
    assert header.width >= 0
    assert header.height >= 0
