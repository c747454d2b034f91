"""A small data set drawn by code: some forty pictures of known concepts, hues and shapes, in every split."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.record import FORMAT, Record

# Pictures are slow to make up and machines are shared: fewer examples, no wall-clock deadline.
few = settings(deadline=None, max_examples=30)

STYLES = ("noto emoji", "twemoji", "blob emoji")
HELD_OUT_STYLE = "openmoji"
HELD_OUT_CONCEPTS = frozenset({"violin", "owl"})
HELD_OUT_PAIR = ("twemoji", "bear")
RED, YELLOW, BROWN, GREEN, BLUE, GREY = "#d62828", "#f4c20d", "#8a5a2b", "#2e9e3f", "#2a6fdb", "#808080"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is drawn: a shape in a colour, under a name, with the words of its record."""

    name: str
    category: str
    shape: str
    colour: str
    keywords: tuple[str, ...] = ("thing",)
    attributes: tuple[str, ...] = ()
    flip: bool = True


SUBJECTS = (
    Subject(name="cat", category="animals & nature", shape="body", colour=YELLOW, keywords=("pet", "kitten")),
    Subject(name="dog", category="animals & nature", shape="body", colour=BROWN, keywords=("pet", "puppy")),
    Subject(name="cat face", category="animals & nature", shape="face", colour=YELLOW),
    Subject(name="dog face", category="animals & nature", shape="face", colour=BROWN),
    Subject(name="panda", category="animals & nature", shape="face", colour=GREY),
    Subject(name="bear", category="animals & nature", shape="face", colour=BROWN),
    Subject(name="owl", category="animals & nature", shape="face", colour=BROWN),
    Subject(name="fish", category="animals & nature", shape="wide", colour=BLUE),
    Subject(name="red apple", category="food & drink", shape="disc", colour=RED, keywords=("fruit", "red")),
    Subject(name="lemon", category="food & drink", shape="disc", colour=YELLOW, keywords=("fruit", "citrus")),
    Subject(name="broccoli", category="food & drink", shape="disc", colour=GREEN),
    Subject(name="guitar", category="objects", shape="tall", colour=RED),
    Subject(name="violin", category="objects", shape="tall", colour=BROWN),
    Subject(name="top hat", category="objects", shape="hat", colour=GREY),
    Subject(name="sunglasses", category="objects", shape="wide", colour=GREY),
    Subject(name="open book", category="objects", shape="wide", colour=BLUE),
    Subject(name="skateboard", category="travel & places", shape="tilted", colour=RED),
    Subject(name="automobile", category="travel & places", shape="wide", colour=RED),
    Subject(name="bathtub", category="objects", shape="wide", colour=GREY),
    Subject(name="trophy", category="activities", shape="tall", colour=YELLOW),
    Subject(name="up arrow", category="symbols", shape="tall", colour=BLUE, flip=False),
    Subject(name="flag of japan", category="flags", shape="wide", colour=RED, flip=False),
    Subject(name="man", category="people & body", shape="face", colour=YELLOW),
    Subject(
        name="waving hand",
        category="people & body",
        shape="tall",
        colour=BROWN,
        attributes=("dark skin tone",),
    ),
)
SILHOUETTES = ("anchor", "broadsword")


def draw(subject: Subject) -> NDArray[np.uint8]:
    """The subject as straight RGBA [256,256,4]."""
    image = Image.new("RGBA", (256, 256))
    pen = ImageDraw.Draw(image)
    _SHAPES[subject.shape](pen, subject.colour)
    return np.array(image)


@lru_cache(maxsize=256)
def _small(shape: str, colour: str) -> bytes:
    subject = Subject(name=shape, category="objects", shape=shape, colour=colour)
    return shrink(premultiply(draw(subject)), 4).tobytes()


def small(shape: str, colour: str) -> NDArray[np.uint8]:
    """A shape in a colour, premultiplied [64,64,4]."""
    return np.frombuffer(_small(shape, colour), dtype=np.uint8).reshape(64, 64, 4).copy()


def _face(pen: ImageDraw.ImageDraw, colour: str) -> None:
    """A disc from y = 64 to 224 with two ears above it, and eyes at y = 128, 64 pixels apart."""
    pen.polygon([(56, 110), (50, 30), (110, 76)], fill=colour)
    pen.polygon([(199, 110), (205, 30), (145, 76)], fill=colour)
    pen.ellipse((40, 64, 215, 224), fill=colour)
    for x in (96, 160):
        pen.ellipse((x - 10, 118, x + 10, 138), fill="#101010")


_SHAPES = {
    "disc": lambda pen, colour: pen.ellipse((40, 40, 215, 215), fill=colour),
    "wide": lambda pen, colour: pen.rounded_rectangle((16, 88, 239, 167), 20, fill=colour),
    "tall": lambda pen, colour: pen.rounded_rectangle((88, 16, 167, 239), 20, fill=colour),
    "hat": lambda pen, colour: pen.polygon(
        [(70, 60), (185, 60), (185, 170), (235, 170), (235, 200), (20, 200), (20, 170), (70, 170)],
        fill=colour,
    ),
    "tilted": lambda pen, colour: pen.line((40, 215, 215, 40), fill=colour, width=30),
    "body": lambda pen, colour: (
        pen.rounded_rectangle((40, 110, 200, 230), 30, fill=colour),
        pen.ellipse((130, 30, 230, 130), fill=colour),
    ),
    "face": _face,
}


def write_cast_store(root: Path) -> Path:
    """Write the data set below `root` and give the folder back."""
    root.mkdir(parents=True, exist_ok=True)
    records: list[Record] = []
    smalls = []
    with (root / "pictures-00000.tar").open("wb") as shard:
        for record, picture in _pictures():
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "PNG")
            records.append(replace(record, offset=shard.tell(), length=buffer.tell()))
            shard.write(buffer.getvalue())
            smalls.append(shrink(premultiply(picture), 4))
    np.save(root / "pixels64.npy", np.stack(smalls))
    (root / "index.jsonl").write_text("".join(r.to_json() + "\n" for r in records), encoding="utf-8")
    (root / "build.json").write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
    return root


def _pictures() -> list[tuple[Record, NDArray[np.uint8]]]:
    made = []
    for style in (*STYLES, HELD_OUT_STYLE):
        for subject in SUBJECTS:
            made.append((_record(subject, style), draw(subject)))
    for name in SILHOUETTES:
        subject = Subject(name=name, category="objects", shape="tall", colour="#000000", keywords=())
        made.append((replace(_record(subject, "silhouette"), tintable=True, weight=0.5), draw(subject)))
    return made


def _record(subject: Subject, style: str) -> Record:
    split = "heldout_concept" if subject.name in HELD_OUT_CONCEPTS else "train"
    if (style, subject.name) == HELD_OUT_PAIR:
        split = "heldout_pair"
    return Record(
        key=f"{style}/{subject.name}",
        source=style,
        style=style,
        name=subject.name,
        concept=subject.name,
        keywords=subject.keywords,
        category=subject.category,
        attributes=subject.attributes,
        licence="CC0-1.0",
        author="made for tests",
        weight=1.0,
        split=split,
        train=style != HELD_OUT_STYLE,
        flip=subject.flip,
        tintable=False,
        shard="pictures-00000.tar",
        offset=0,
        length=0,
        large=None,
        phash="0" * 16,
    )
