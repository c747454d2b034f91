"""A built data set of drawn dots, made in a moment: what the tests of measuring run on."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato_train.data.record import FORMAT, Record

STYLES = ("flat emoji", "line icon", "clip art")
CONCEPTS = ("red apple", "cat", "owl", "star", "hat", "snail", "sunglasses", "tree")
HELD_OUT = ("axe", "boat", "drum", "kite")
SHARD = "pictures-00000.tar"  # no archive, but files one after another, as the index tells where they are
Row = tuple[str, str, str]


def rows() -> list[Row]:
    """(concept, style, split): eight concepts in three styles, every fourth pair held out; four unseen."""
    seen = [(concept, style) for concept in CONCEPTS for style in STYLES]
    known = [(*pair, "heldout_pair" if place % 4 == 3 else "train") for place, pair in enumerate(seen)]
    unseen = [(concept, style, "heldout_concept") for concept in HELD_OUT for style in STYLES[:2]]
    return [*known, *unseen]


def make_tiny_data(folder: Path, table: Sequence[Row] | None = None) -> Path:
    """Writes index, pictures and build.json into `folder` (made if missing) and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = rows() if table is None else table
    files = [tiny_png(i) for i in range(len(table))]
    (folder / SHARD).write_bytes(b"".join(files))
    lines, offset = [], 0
    for i, (row, file) in enumerate(zip(table, files, strict=True)):
        lines.append(replace(tiny_record(i, row), offset=offset, length=len(file)).to_json())
        offset += len(file)
    (folder / "index.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.save(folder / "pixels64.npy", np.stack([tiny_picture(i) for i in range(len(table))]))
    build = {"format": FORMAT, "pictures": len(table), "index_sha256": "0123456789abcdef" * 4}
    (folder / "build.json").write_text(json.dumps(build), encoding="utf-8")
    return folder


def tiny_record(i: int, row: Row) -> Record:
    """Picture `i`, its place in the shard still open."""
    concept, style, split = row
    return Record(
        key=f"{i}-{concept}",
        source="tiny",
        style=style,
        name=concept,
        concept=concept,
        keywords=(),
        category="objects",
        attributes=(),
        licence="CC0-1.0",
        author="nobody",
        weight=1.0,
        split=split,
        train=True,
        flip=True,
        tintable=False,
        shard=SHARD,
        offset=0,
        length=0,
        large=None,
        phash="0" * 16,
    )


def tiny_picture(i: int) -> NDArray[np.uint8]:
    """uint8 [64,64,4] premultiplied: a disc whose colour and place hang on `i`."""
    rng = np.random.default_rng(i)
    (x, y), radius = rng.integers(20, 44, 2), rng.integers(8, 20)
    rows_, columns = np.mgrid[:64, :64]
    inside = (rows_ - y) ** 2 + (columns - x) ** 2 < radius**2
    return np.where(inside[..., None], np.array([*rng.integers(0, 256, 3), 255]), 0).astype(np.uint8)


def tiny_png(i: int) -> bytes:
    """The same at 256x256, with straight alpha: premultiplied or not is one here, where alpha is 0 or 255."""
    large = tiny_picture(i).repeat(4, axis=0).repeat(4, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
