"""Shards as they come from outside, made by code: simple drawings with captions, and known faults among them.

Which fault a sample has follows from (seed, number) alone, so shards can be made by several processes, and what a
preparation should find is known beforehand.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 96
PER_SHARD = 1000
_NAMED = "red d0282d orange f08c1e yellow f5d73c green 3ca04b blue 2d5fc8 purple 823caa pink f5a0be brown 7d502d"
_PLAIN = "white fafafa grey 808084 black 19191c teal 14878c"
_WORDS = f"{_NAMED} {_PLAIN}".split()
COLOURS = {name: tuple(bytes.fromhex(code)) for name, code in zip(_WORDS[::2], _WORDS[1::2], strict=True)}
SHAPES = ("ball", "box", "kite", "ring", "bar")
PLACES = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
SHARES = {
    "duplicate": 0.04,
    "unreadable picture": 0.01,
    "no caption": 0.005,
    "bad json": 0.005,
    "no picture": 0.005,
    "too small": 0.01,
    "too long or too wide": 0.005,
    "caption too short": 0.005,
    "not safe for work": 0.01,
}
"""Shares of the samples; the others are good."""
UNSAFE_WORD = "crimson"
"""Stands in the captions of what is not safe for work, and in as many good ones."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is wrong with a sample ("" for nothing), and of a duplicate the number of its original, else -1."""

    fault: str
    original: int = -1


def truth_of(seed: int, number: int) -> Truth:
    """A duplicate's original is an earlier good sample; where ten draws find none, the sample is good."""
    fault = _fault(seed, number)
    if fault != "duplicate":
        return Truth(fault=fault)
    rng = _generator(seed, number, 1)
    for _ in range(10):
        original = int(rng.integers(0, number)) if number else 0
        if original < number and _fault(seed, original) == "":
            return Truth(fault=fault, original=original)
    return Truth(fault="")


def key_of(number: int) -> str:
    """As the downloader names them: the shard's number and the sample's."""
    return f"{number // PER_SHARD:05d}{number % PER_SHARD:04d}"


def name_of(number: int) -> str:
    """As reports name it."""
    return f"{number // PER_SHARD:05d}.tar/{key_of(number)}"


def make_shards(root: Path, count: int, *, seed: int = 0, workers: int = 1, broken: Sequence[int] = ()) -> None:
    """Write `count` samples, 1,000 a shard; the shards numbered in `broken` end in the middle of their last sample."""
    root.mkdir(parents=True, exist_ok=True)
    one = partial(_write_shard, root, count, seed, tuple(broken))
    numbers = range(-(-count // PER_SHARD))
    if workers == 1:
        for number in numbers:
            one(number)
        return
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(one, numbers))


def _write_shard(root: Path, count: int, seed: int, broken: tuple[int, ...], number: int) -> None:
    path = root / f"{number:05d}.tar"
    first = number * PER_SHARD
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for n in range(first, min(first + PER_SHARD, count)):
            begin = tar.offset
            for extension, data in files_of(seed, n).items():
                info = tarfile.TarInfo(f"{key_of(n)}.{extension}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    if number in broken:
        with path.open("r+b") as file:
            file.truncate(begin + 700)


def files_of(seed: int, number: int) -> dict[str, bytes]:
    """The files of a sample, as the downloader writes them."""
    truth = truth_of(seed, number)
    rng = _generator(seed, number, 2)
    if truth.original >= 0:
        _, caption = drawing(seed, truth.original)
        files = {"jpg": again(seed, truth.original, rng), "txt": f"again {caption}".encode()}
    else:
        image, caption = drawing(seed, number)
        files = {"jpg": _file(image, 90), "txt": caption.encode()}
    facts = {"key": key_of(number), "caption": caption, "punsafe": round(float(rng.random()) * 0.3, 3)}
    return _spoilt(files, facts, truth.fault, number)


def _spoilt(files: dict[str, bytes], facts: dict[str, object], fault: str, number: int) -> dict[str, bytes]:
    if fault == "unreadable picture":
        files["jpg"] = files["jpg"][: len(files["jpg"]) // 2]
    elif fault == "no caption":
        del files["txt"], facts["caption"]
    elif fault == "no picture":
        del files["jpg"]
    elif fault in {"too small", "too long or too wide"}:
        size = (20, 20) if fault == "too small" else (400, 60)
        files["jpg"] = _file(Image.open(io.BytesIO(files["jpg"])).resize(size), 90)
    elif fault == "caption too short":
        files["txt"] = b"x"
    elif fault == "not safe for work":
        facts["punsafe"] = 0.99
    if fault == "not safe for work" or (fault == "" and number % 100 == 0):
        files["txt"] = f"{UNSAFE_WORD} ".encode() + files.get("txt", b"")
    return files | {"json": b"{broken" if fault == "bad json" else json.dumps(facts).encode()}


def drawing(seed: int, number: int) -> tuple[Image.Image, str]:
    """Three to six shapes on a coloured ground, and what they are."""
    rng = _generator(seed, number, 3)
    names = list(COLOURS)
    ground = names[int(rng.integers(len(names)))]
    image = Image.new("RGB", (SIDE, SIDE), _shade(rng, ground))
    pen = ImageDraw.Draw(image)
    words = []
    for place in rng.permutation(len(PLACES))[: int(rng.integers(3, 7))]:
        shape, colour = SHAPES[int(rng.integers(len(SHAPES)))], names[int(rng.integers(len(names)))]
        _draw(pen, shape, _shade(rng, colour), _box(rng, int(place)))
        words.append(f"a {colour} {shape} at the {PLACES[place]}")
    return image, f"{', '.join(words)}, on {ground}"


def again(seed: int, number: int, rng: np.random.Generator) -> bytes:
    """The drawing as somebody else would have stored it: the same file, or compressed, shrunk, converted."""
    image, _ = drawing(seed, number)
    kind = int(rng.integers(4))
    if kind == 0:
        return _file(image, 90)
    if kind == 1:
        return _file(image, 55)
    if kind == 2:
        return _file(image.resize((80, 80), Image.Resampling.LANCZOS), 85)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=70)
    return file.getvalue()


def _box(rng: np.random.Generator, place: int) -> tuple[float, float, float, float]:
    cell, (row, column) = SIDE / 3, divmod(place, 3)
    x, y = ((c + rng.uniform(0.3, 0.7)) * cell for c in (column, row))
    w, h = rng.uniform(0.25, 0.75, 2) * cell
    return x - w, y - h, x + w, y + h


def _draw(
    pen: ImageDraw.ImageDraw, shape: str, colour: tuple[int, ...], box: tuple[float, float, float, float]
) -> None:
    x0, y0, x1, y1 = box
    if shape == "ball":
        pen.ellipse(box, fill=colour)
    elif shape == "ring":
        pen.ellipse(box, outline=colour, width=4)
    elif shape == "kite":
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        pen.polygon([(x, y0), (x1, y), (x, y1), (x0, y)], fill=colour)
    else:
        pen.rectangle(box if shape == "box" else (x0, (2 * y0 + y1) / 3, x1, (y0 + 2 * y1) / 3), fill=colour)


def _shade(rng: np.random.Generator, colour: str) -> tuple[int, ...]:
    return tuple(int(np.clip(c + rng.integers(-25, 26), 0, 255)) for c in COLOURS[colour])


def _file(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _fault(seed: int, number: int) -> str:
    place = _generator(seed, number, 0).random()
    for fault, share in SHARES.items():
        if place < share:
            return fault
        place -= share
    return ""


def _generator(seed: int, number: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, number * 8 + purpose], dtype=np.uint64)))


def truths(seed: int, count: int, broken: Sequence[int] = ()) -> Iterator[tuple[int, Truth]]:
    """All samples that can be read at all, with what is wrong with each."""
    lost = {min((number + 1) * PER_SHARD, count) - 1 for number in broken}
    return ((number, truth_of(seed, number)) for number in range(count) if number not in lost)
