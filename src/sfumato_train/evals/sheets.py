"""Sheets to look at: small pictures in a grid, each with a line of text under it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sfumato.picture.convert import flatten, to_pixels
from sfumato.picture.files import write

from .arrays import Floats

ZOOM = 2
SIDE = 64 * ZOOM
TEXT = 16
GAP = 6
PAPER = (255, 255, 255)
GROUND = (232, 234, 238)  # white art stays visible on it
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
INK, GOOD = (70, 70, 70), (0, 120, 40)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A picture [4,64,64] premultiplied in [-1,1] and what stands under it; good: written in green."""

    picture: Floats
    text: str = ""
    good: bool = False


def sheet(cells: Sequence[Cell], *, columns: int, lines: int = 1) -> Image.Image:
    """The cells row by row, every pixel of a picture shown as 2×2, over a pale ground; `lines` of text under each."""
    rows = -(-len(cells) // columns)
    tall = SIDE + lines * TEXT + GAP
    width, height = GAP + columns * (SIDE + GAP), GAP + rows * tall
    paper = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(size=11)
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        x, y = GAP + column * (SIDE + GAP), GAP + row * tall
        paper.paste(_image(cell.picture), (x, y))
        for number, line in enumerate(_wrapped(cell.text, font, lines)):
            pen.text((x, y + SIDE + 1 + number * TEXT), line, fill=GOOD if cell.good else INK, font=font)
    return paper


def save(path: Path, image: Image.Image) -> Path:
    """Writes a PNG, whole or not at all."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return write(path, buffer.getvalue())


def _image(picture: Floats) -> Image.Image:
    flat = flatten(to_pixels(picture[None])[0], GROUND)
    return Image.fromarray(flat).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def _wrapped(text: str, font: Font, lines: int) -> list[str]:
    """The text in at most so many lines, broken between words; the last one is cut where it must be."""
    words, done = text.split(), list[str]()
    while words and len(done) < lines - 1:
        count = len(words)
        while count > 1 and font.getlength(" ".join(words[:count])) > SIDE:
            count -= 1
        done.append(_fitted(" ".join(words[:count]), font))
        words = words[count:]
    return [*done, _fitted(" ".join(words), font)] if words else done


def _fitted(text: str, font: Font) -> str:
    """The text, cut where it would run into the next column."""
    if font.getlength(text) <= SIDE:
        return text
    while text and font.getlength(text + "…") > SIDE:
        text = text[:-1]
    return text + "…"
