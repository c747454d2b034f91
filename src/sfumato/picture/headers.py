"""What a file says of itself before anything is decoded: its format, its size, and whether its structure is sane.

Decoders walk a file's chunks one by one and allocate what its header asks for; so both are checked here first,
on the bytes alone (PNG: W3C REC-png-3; JPEG: ITU-T T.81, annex B; WebP: RFC 9649).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

MAX_CHUNKS = 100_000
"""Of one file; an encoder that writes 4096² pixels in pieces of 8 kB needs 8,000."""
MAX_NOTES = 1_000
"""Chunks or segments that are no pixels: text, profiles, thumbnails."""
MAX_SCANS = 100
"""Of a progressive JPEG, each of which visits every pixel; encoders write about ten."""
MAX_JUNK = 65_536
"""Bytes between a JPEG's segments that belong to none."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IDAT", b"fdAT", b"fcTL")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_START_OF_SCAN, _END = 0xDA, 0xD9
_OTHERS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("a GIF", lambda d: d.startswith((b"GIF87a", b"GIF89a"))),
    ("a TIFF", lambda d: d.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))),
    ("a BMP", lambda d: d.startswith(b"BM") and d[6:10] == bytes(4)),
    ("an EPS or PostScript file", lambda d: d.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6"))),
    ("a PDF", lambda d: d.startswith(b"%PDF")),
    ("a Photoshop file", lambda d: d.startswith(b"8BPS")),
    ("an icon file", lambda d: d.startswith((b"\0\0\1\0", b"\0\0\2\0"))),
    ("an AVIF", lambda d: d[4:12] in (b"ftypavif", b"ftypavis")),
    ("a HEIC", lambda d: d[4:8] == b"ftyp" and d[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")),
    ("a JPEG XL", lambda d: d.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL "))),
    ("a JPEG 2000", lambda d: d.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"))),
    ("an SVG", lambda d: b"<svg" in d.lower()),
)


class Unreadable(Exception):
    """Why a file cannot be used, as the predicate of a sentence: "is empty"."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """`format` is Pillow's name: PNG, JPEG or WEBP."""

    format: str
    width: int
    height: int


def inspect(data: bytes) -> Header:
    """The header of a whole file; judged by content. Raises `Unreadable` for all but a sane PNG, JPEG or WebP."""
    if not data:
        raise Unreadable("is empty")
    walk = _walker(data[:512])
    try:
        return walk(data)
    except (struct.error, IndexError):
        raise Unreadable("breaks off before its first pixel") from None


def _walker(head: bytes) -> Callable[[bytes], Header]:
    if head.startswith(_PNG):
        return _png
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp
    for name, fits in _OTHERS:
        if fits(head):
            raise Unreadable(f"is {name}; convert it to PNG, JPEG or WebP")
    raise Unreadable("is no picture that can be read; convert it to PNG, JPEG or WebP")


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise Unreadable("is damaged (a PNG without a header)")
    width, height = struct.unpack_from(">II", data, 16)
    view, at, chunks, notes = memoryview(data), len(_PNG), 0, 0
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunks, notes = chunks + 1, notes + (kind not in _PIXELS)
        if chunks > MAX_CHUNKS or notes > MAX_NOTES:
            raise Unreadable("is made of too many pieces to be a picture")
        if not _sums(view, at, length):
            raise Unreadable("is damaged (a checksum is wrong or its end is missing)")
        if kind == b"IEND":
            break
        at += 12 + length
    return Header(format="PNG", width=width, height=height)


def _sums(view: memoryview, at: int, length: int) -> bool:
    end = at + 8 + length
    written = view[end : end + 4]
    return len(written) == 4 and int.from_bytes(written, "big") == zlib.crc32(view[at + 4 : end])


def _jpeg(data: bytes) -> Header:
    """The first frame header's size. All segments before the first scan are walked, and the scans counted."""
    at, notes, junk, frame = 2, 0, 0, None
    while frame is None:
        start = data.find(b"\xff", at)
        junk += (len(data) if start < 0 else start) - at
        if notes > MAX_NOTES or junk > MAX_JUNK:
            raise Unreadable("is made of too many pieces to be a picture")
        if start < 0:
            raise Unreadable("breaks off before its first pixel")
        kind, at = data[start + 1], start + 2
        if kind in {0x00, 0xFF}:
            junk, at = junk + 1, start + 1
        elif kind in {_START_OF_SCAN, _END}:
            raise Unreadable("is damaged (a JPEG without a size)")
        elif kind in _FRAMES:
            frame = struct.unpack_from(">HH", data, at + 3)
        elif kind not in _STANDALONE:
            notes, at = notes + 1, at + max(struct.unpack_from(">H", data, at)[0], 2)
    # In coded pixels 0xFF is followed by 0 or a restart marker, so this counts scans and little else.
    if data.count(b"\xff\xda") > MAX_SCANS:
        raise Unreadable("holds more scans than a picture needs")
    return Header(format="JPEG", height=frame[0], width=frame[1])


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise Unreadable("is damaged (a WebP without a size)")
    return Header(format="WEBP", width=width, height=height)
