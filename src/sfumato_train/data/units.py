"""Work files: some dozens of drawn pictures in one file, named by all that decides its contents.

A work file is written beside and renamed, so it exists whole or not at all; a build that is killed finds the
finished ones again. Equal input gives an equal name, so nothing is drawn twice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import render
from .measure import Measures, measure, phash
from .pixels import premultiply, shrink
from .readers import Item

SMALL, MEASURED = 64, 256


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One drawn picture: the PNG (straight alpha), and what was measured of it.

    `small` is uint8 [64,64,4] premultiplied; only pictures of 256x256 are measured. `fault` says
    why there is no picture, and is empty if there is.
    """

    id: str
    fault: str
    png: bytes
    small: NDArray[np.uint8]
    phash: int
    measures: Measures


def unit_path(root: Path, items: Sequence[Item], size: int, crop: bool) -> Path:
    """Where the work file of these items at this size belongs."""
    digest = hashlib.sha256(f"{render.VERSION} {size} {crop}".encode())
    for item in items:
        digest.update(item.id.encode() + b"\0" + hashlib.sha256(item.data).digest())
    return root / f"{items[0].source}-{size}-{digest.hexdigest()[:24]}.npz"


def draw_unit(path: Path, items: Sequence[Item], size: int, crop: bool) -> Path:
    """Draw the items into the work file at `path`, unless it is there already."""
    if not path.exists():
        _write(path, [_draw(item, size, crop) for item in items])
    return path


def _draw(item: Item, size: int, crop: bool) -> Drawn:
    nothing = Measures(coverage=0.0, colour=0.0, detail=0.0, palette=0)
    blank = np.zeros((SMALL, SMALL, 4), dtype=np.uint8)
    try:
        picture = render.render(item.data, size, crop=crop)
    except render.BrokenError as broken:
        return Drawn(id=item.id, fault=str(broken), png=b"", small=blank, phash=0, measures=nothing)
    if size != MEASURED:
        return Drawn(id=item.id, fault="", png=_png(picture), small=blank, phash=0, measures=nothing)
    flat = premultiply(picture)
    small = shrink(flat, MEASURED // SMALL)
    return Drawn(id=item.id, fault="", png=_png(picture), small=small, phash=phash(flat), measures=measure(flat))


def _png(picture: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=6)
    return file.getvalue()


def _write(path: Path, drawn: Sequence[Drawn]) -> None:
    facts = [{"id": d.id, "fault": d.fault, "bytes": len(d.png), **dataclasses.asdict(d.measures)} for d in drawn]
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        np.savez(
            file,
            facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
            small=np.stack([d.small for d in drawn]),
            phash=np.array([d.phash for d in drawn], dtype=np.uint64),
            png=np.frombuffer(b"".join(d.png for d in drawn), dtype=np.uint8),
        )
    os.replace(beside, path)


def read_unit(path: Path) -> Iterator[Drawn]:
    """The pictures of a work file, in the order they were given."""
    with np.load(path, allow_pickle=False) as arrays:
        facts = json.loads(arrays["facts"].tobytes())
        small, hashes, png = arrays["small"], arrays["phash"], arrays["png"].tobytes()
    start = 0
    for i, fact in enumerate(facts):
        end = start + fact.pop("bytes")
        name, fault = fact.pop("id"), fact.pop("fault")
        yield Drawn(
            id=name,
            fault=fault,
            png=png[start:end],
            small=small[i],
            phash=int(hashes[i]),
            measures=Measures(**fact),
        )
        start = end
