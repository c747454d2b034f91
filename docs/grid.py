"""Draws docs/grid.png, the pictures of the README, with the shipped model: one seed, no picking.

Run it with `make grid`. Every prompt is drawn once, at 256×256, in the order below.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sfumato import Sfumato

TARGET = Path(__file__).with_name("grid.png")
SEED, SIZE, COLUMNS, GAP = 7, 256, 6, 8
PROMPTS = (
    "a red apple, noto emoji style",
    "a smiling face with sunglasses",
    "a blue car",
    "a pink flower",
    "a yellow star",
    "a purple gem",
    "a cat face",
    "a slice of pizza",
    "a green tree, fluent 3d style",
    "a red heart",
    "a house with a garden",
    "a full moon at night",
    "a panda holding a balloon",
    "a polar bear playing a guitar",
    "three lemons",
    "a cat to the left of a dog",
    "a red car and a blue ball",
    "a dog wearing a top hat",
)


def main() -> None:
    """Draw every prompt and lay the pictures out in rows on white."""
    artist, cell = Sfumato(), SIZE + GAP
    rows = -(-len(PROMPTS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell + GAP, rows * cell + GAP), "white")
    for index, prompt in enumerate(PROMPTS):
        picture = artist.draw(prompt, seed=SEED, size=SIZE, background="white")[0].to_pil()
        row, column = divmod(index, COLUMNS)
        sheet.paste(picture.convert("RGB"), (GAP + column * cell, GAP + row * cell))
    sheet.quantize(256).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
