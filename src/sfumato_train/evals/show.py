"""The sheets of the measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .arrays import Floats
from .bench import Bench
from .choose import Indices
from .drawing import Recognised
from .neighbours import Nearest
from .sheets import Cell, save, sheet

COLUMNS = 8


def show_reconstructions(bench: Bench, pictures: Floats, made: Floats, cosine: Floats) -> None:
    """Original and decoded side by side, four pairs a row, with the cosine between them."""
    cells: list[Cell] = []
    for original, decoded, value in list(zip(pictures, made, cosine, strict=True))[: bench.config.sheet]:
        cells += [Cell(picture=original, text="original"), Cell(picture=decoded, text=f"decoded {value:.2f}")]
    save(bench.out / "reconstruction.png", sheet(cells, columns=COLUMNS))


def show_drawings(bench: Bench, name: str, made: Floats, texts: Sequence[str], result: Recognised) -> None:
    """Drawings over their prompts; those that were recognised are written in green."""
    trio = list(zip(made, texts, result.right.tolist(), strict=True))[: bench.config.sheet]
    cells = [Cell(picture=picture, text=text, good=good) for picture, text, good in trio]
    save(bench.out / f"{name}.png", sheet(cells, columns=COLUMNS))


def show_neighbours(
    bench: Bench, drawn: Floats, texts: Sequence[str], searched: Indices, found: Mapping[str, Nearest]
) -> None:
    """A row a drawing: itself, its nearest by embedding, its nearest by pixels, with the distances."""
    cells: list[Cell] = []
    for query in range(min(bench.config.neighbours, len(drawn))):
        cells.append(Cell(picture=drawn[query], text=texts[query], good=True))
        for name, near in found.items():
            shown = bench.smalls(searched[near.places[query]])
            cells += [
                Cell(picture=picture, text=f"{name} {distance:.3f}")
                for picture, distance in zip(shown, near.distances[query], strict=True)
            ]
    width = 1 + sum(near.places.shape[1] for near in found.values())
    save(bench.out / "neighbours.png", sheet(cells, columns=width))
