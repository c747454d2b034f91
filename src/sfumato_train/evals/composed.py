"""What the judge says of compositions: obedience to prompts, realism, diversity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from . import choose
from .bench import Bench
from .bootstrap import interval
from .compare import FILE, answers_of, save_answers
from .composition.rules import arranged
from .composition.score import Rights, by_task, chance, errors, overall
from .distribution import kernel_distance, manifold
from .diversity import diversity
from .gallery import Gallery, Shown
from .report import Scores, named
from .sheets import Cell, save, sheet
from .variants import PRESET

COLUMNS = 8
CONTROLS = ("chance", "known", "unseen", "precision", "arranged", "arranged_chance", "arranged_known")


def measure_composition(bench: Bench) -> Scores:
    """The model's preset on all tasks, beside chance and beside what the judge makes of real pictures."""
    gallery = bench.gallery
    shown = gallery.drawn(PRESET)
    scores = obedience(gallery, shown, bench.config.seed)
    scores |= named("chance", chance(gallery.wanted, gallery.sure(shown)))
    rng = choose.generator(bench.config.seed, choose.CONTROL)
    for name, real in (("known", gallery.known), ("unseen", gallery.unseen)):
        for task, error in errors(gallery.wanted, gallery.sure(real), gallery.choices, rng).items():
            scores[f"{name}.{task}"] = error.recall
            scores[f"precision.{task}"] = error.precision  # the unseen one's, which comes last
    scores |= named("arranged_chance", chance(gallery.wanted, gallery.sure(shown), arranged))
    for name, pictures in (("arranged", shown), ("arranged_known", gallery.known)):
        tasks = by_task(gallery.wanted, gallery.rights(pictures, arranged))
        scores |= {f"{name}.{task}": float(values.mean()) for task, values in tasks.items()}
    for name in CONTROLS:
        scores[name] = float(np.mean([scores[f"{name}.{task}"] for task in gallery.tasks]))
    scores |= {"prompts": float(len(gallery.wanted)), "repeats": float(gallery.repeats)}
    right = gallery.rights(shown)
    answers = answers_of(
        gallery.wanted,
        gallery.texts,
        right,
        judge=bench.judge.name,
        data=str(bench.store.build.get("index_sha256", "")),
        seed=bench.config.seed,
    )
    save_answers(bench.out / FILE, answers)
    _show(bench, gallery, shown, right)
    return named("composition", scores)


def measure_realism(bench: Bench) -> Scores:
    """Drawings against real pictures of the same prompts, with other real pictures of them for a scale."""
    gallery, rng = bench.gallery, choose.generator(bench.config.seed, choose.REALISM)
    sets = {"drawn": gallery.drawn(PRESET), "again": gallery.again, "unseen": gallery.unseen}
    scores: Scores = {"realism.pictures": float(len(gallery.known.pictures))}
    for name, shown in sets.items():
        scores |= named(f"realism.{name}", realism(gallery, shown, rng))
    return scores


def measure_diversity(bench: Bench) -> Scores:
    """The pictures of one prompt among each other: drawn, real ones of several artists, and one four times."""
    gallery = bench.gallery
    drawn, real = (gallery.features(shown) for shown in (gallery.drawn(PRESET), gallery.known))
    sets = {"drawn": drawn, "real": real, "repeated": np.repeat(drawn[:, :1], gallery.repeats, axis=1)}
    scores: Scores = {}
    for name, features in sets.items():
        scores |= named(f"diversity.{name}", asdict(diversity(features)))
    return scores


def obedience(gallery: Gallery, shown: Shown, seed: int) -> Scores:
    """score, low and high (95 %) over all tasks and of each."""
    tasks = by_task(gallery.wanted, gallery.rights(shown))
    rng = choose.generator(seed, choose.BOOTSTRAP)
    whole = overall(tasks, rng)
    shapes = by_task(gallery.wanted, gallery.rights(shown, arranged))
    scores: Scores = {"score": whole.mean, "low": whole.low, "high": whole.high}
    scores["arrangement"] = float(np.mean([values.mean() for values in shapes.values()]))
    for task, values in tasks.items():
        one = interval({task: values}, rng)
        scores |= {f"{task}.score": one.mean, f"{task}.low": one.low, f"{task}.high": one.high}
    return scores


def realism(gallery: Gallery, shown: Shown, rng: np.random.Generator) -> Mapping[str, float]:
    """Kernel distance and manifold of pictures against the known real ones."""
    drawn, real = shown.looks.features, gallery.known.looks.features
    distance, covered = kernel_distance(drawn, real, rng), manifold(drawn, real)
    return {"kid": distance.value, "kid_error": distance.error, **asdict(covered)}


def _show(bench: Bench, gallery: Gallery, shown: Shown, right: Rights) -> None:
    """Some prompts of every task, all their pictures side by side; green where the judge is content."""
    repeats = gallery.repeats
    each = max(1, bench.config.sheet * 2 // (repeats * max(1, len(gallery.tasks))))
    cells: list[Cell] = []
    for task in gallery.tasks:
        for k in [k for k, one in enumerate(gallery.wanted) if one.task == task][:each]:
            cells += [
                Cell(picture=shown.pictures[k * repeats + s], text=gallery.texts[k], good=bool(right[k, s]))
                for s in range(repeats)
            ]
    save(bench.out / "composition.png", sheet(cells, columns=COLUMNS, lines=2))
