"""A built data set of a few dozen drawn shapes: what training is tested on."""

from __future__ import annotations

import colorsys
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.record import FORMAT, Record, Span
from sfumato_train.data.shards import write_shards

SHAPES = ("ball", "box", "kite", "house", "ring", "flag", "star", "leaf")
STYLES = ("round", "square")
HUES = 3
LARGE = 4


def make_tiny_store(root: Path) -> Path:
    """Writes 48 pictures of 8 shapes, 3 colours and 2 styles, 4 of them also at 1024²; two are held out."""
    root.mkdir(parents=True, exist_ok=True)
    facts = [(shape, hue, style) for shape in SHAPES for hue in range(HUES) for style in STYLES]
    pictures = [draw(*fact, size=256) for fact in facts]
    spans = list(write_shards(root, "pictures", _samples(pictures)))
    large = list(write_shards(root, "large", _samples([draw(*fact, size=1024) for fact in facts[:LARGE]])))
    records = [_record(i, *fact, spans[i], large[i] if i < LARGE else None) for i, fact in enumerate(facts)]
    np.save(root / "pixels64.npy", np.stack([shrink(premultiply(picture), 4) for picture in pictures]))
    (root / "index.jsonl").write_text("".join(record.to_json() + "\n" for record in records), encoding="utf-8")
    (root / "build.json").write_text(json.dumps({"format": FORMAT, "pictures": len(records)}))
    return root


def draw(shape: str, hue: int, style: str, *, size: int) -> np.ndarray[Any, Any]:
    """uint8 [size, size, 4] with straight alpha."""
    image = Image.new("RGBA", (size, size))
    pen = ImageDraw.Draw(image)
    red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(hue / HUES, 0.8, 0.9))
    fill, line = (red, green, blue, 255), (30, 30, 40, 255)
    width = size // (16 if style == "square" else 64)
    margin = size // 8

    def at(*points: float) -> list[float]:
        return [margin + p * (size - 2 * margin) for p in points]

    if shape in ("ball", "leaf", "ring"):
        box = at(0.2, 0, 0.8, 1) if shape == "leaf" else at(0, 0, 1, 1)
        pen.ellipse(box, fill=fill, outline=line, width=width)
        if shape == "ring":
            pen.ellipse(at(0.3, 0.3, 0.7, 0.7), fill=(0, 0, 0, 0), outline=line, width=width)
    elif shape == "box":
        pen.rectangle(at(0, 0.1, 1, 0.9), fill=fill, outline=line, width=width)
    else:
        pen.polygon(at(*_CORNERS[shape]), fill=fill, outline=line, width=width)
    return np.asarray(image)


_CORNERS = {
    "kite": (0.5, 0, 1, 0.4, 0.5, 1, 0, 0.4),
    "house": (0, 1, 0, 0.5, 0.5, 0, 1, 0.5, 1, 1),
    "flag": (0, 0, 1, 0.25, 0, 0.5, 0, 1),
    "star": (0.5, 0, 0.65, 0.35, 1, 0.5, 0.65, 0.65, 0.5, 1, 0.35, 0.65, 0, 0.5, 0.35, 0.35),
}


def _samples(pictures: list[np.ndarray[Any, Any]]) -> Iterator[tuple[str, dict[str, bytes]]]:
    for number, picture in enumerate(pictures):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        yield f"{number:06d}", {"png": file.getvalue(), "json": b"{}"}


def _record(index: int, shape: str, hue: int, style: str, span: Span, large: Span | None) -> Record:
    colour = ("red", "green", "blue")[hue]
    return Record(
        key=f"{style}:{colour}-{shape}",
        source=style,
        style=f"{style} art",
        name=f"{colour} {shape}",
        concept=f"{colour} {shape}",
        keywords=(shape,),
        category="objects",
        attributes=(),
        licence="CC0-1.0",
        author="The tests",
        weight=1.0,
        split="heldout_pair" if (shape, hue) == ("leaf", 2) else "train",
        train=True,
        flip=shape != "flag",
        tintable=False,
        shard=span.shard,
        offset=span.offset,
        length=span.length,
        large=large,
        phash=f"{index:016x}",
    )
