"""All ways of drawing side by side on the same prompts and noise, at 64², where judge and CLIP see them."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from . import choose
from .bench import Bench
from .composed import COLUMNS, obedience, realism
from .diversity import diversity
from .gallery import Shown
from .report import Scores, named
from .sheets import Cell, save, sheet
from .variants import variants


def measure_sweep(bench: Bench) -> Scores:
    """Of every variant: obedience, similarity of picture and prompt by the model's own CLIP, realism, diversity."""
    gallery, seed = bench.small_gallery, bench.config.seed
    z_txt = np.repeat(bench.clip.captions(gallery.texts), gallery.repeats, axis=0)
    scores: Scores = {"sweep.pictures": float(len(z_txt))}
    rows: dict[str, Shown] = {}
    for variant in variants(bench.engine.manifest):
        shown = rows[variant.label] = gallery.drawn(variant)
        z_img = bench.clip.pictures(shown.pictures)
        found = obedience(gallery, shown, seed)
        found["similarity"] = float(np.sum(z_img * z_txt, axis=1).mean())
        found |= realism(gallery, shown, choose.generator(seed, choose.REALISM))
        found |= asdict(diversity(gallery.features(shown)))
        scores |= named(f"sweep.{variant.label}", found)
    _show(bench, rows, gallery.texts, gallery.repeats)
    return scores


def _show(bench: Bench, rows: dict[str, Shown], texts: list[str], repeats: int) -> None:
    """A row a variant: the same prompts, each with its first seed."""
    places = np.linspace(0, len(texts) - 1, COLUMNS).round().astype(int).tolist()
    cells = [
        Cell(picture=shown.pictures[k * repeats], text=label if column == 0 else texts[k])
        for label, shown in rows.items()
        for column, k in enumerate(places)
    ]
    save(bench.out / "sweep.png", sheet(cells, columns=COLUMNS))
