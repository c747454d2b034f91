"""The four measurements: each takes a workbench and gives scores by name, and leaves its sheet behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sfumato.engine.base import Engine
from sfumato.types import SYSTEMS
from sfumato_train.data.store import PictureStore

from . import choose
from .config import EvalConfig
from .controls import mismatch
from .drawing import Recognised, draw_small, recognised
from .judge import Floats, Judge, Tick, to_floats
from .neighbours import QUANTILES, Nearest, Nearness, embedding_blocks, nearest, nearness, pixel_blocks
from .progress import Progress
from .reconstruction import likeness, reconstruct, through_space
from .report import Scores
from .retrieval import both_ways
from .sheets import Cell, save, sheet

SPLITS = ("heldout_concept", "heldout_pair")
LISTS = ("seen", "pairs")
SHOWN_NEAR = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """What every measurement works with; `out` receives the sheets."""

    engine: Engine
    judge: Judge
    store: PictureStore
    config: EvalConfig
    out: Path
    progress: Progress

    def tick(self, stage: str) -> Tick:
        """Progress of one stage."""
        return lambda done, total: self.progress(stage, done, total)

    def concepts(self, indices: Sequence[int] | choose.Indices) -> list[str]:
        """What the pictures show."""
        return [self.store.records[int(i)].concept for i in indices]

    def smalls(self, indices: Sequence[int] | choose.Indices) -> Floats:
        """The pictures [N,4,64,64]."""
        return to_floats(self.store.smalls[np.asarray(indices, dtype=np.int64)])


def measure_retrieval(bench: Bench) -> Scores:
    """CLIP on both held-out lists, both ways, and with the pictures' embeddings shuffled."""
    scores: Scores = {}
    for split in SPLITS:
        rng = choose.generator(bench.config.seed, choose.RETRIEVAL)
        indices = choose.some(rng, choose.split_pictures(bench.store, split), bench.config.pictures)
        firsts = choose.first_of_concepts(bench.store, indices)
        captions = [choose.concept_caption(bench.store.records[i]) for i in firsts.values()]
        z_img = bench.judge.stored(bench.store, indices, tick=bench.tick(f"retrieval, {split}"))
        z_txt = bench.judge.captions(captions)
        shuffled = z_img[choose.generator(bench.config.seed, choose.CONTROL).permutation(len(z_img))]
        for name, z in (("", z_img), ("control.", shuffled)):
            ways = both_ways(z, bench.concepts(indices), z_txt, list(firsts))
            for way, found in zip(("picture_to_text", "text_to_picture"), ways, strict=True):
                scores |= named(f"retrieval.{split}.{name}{way}", asdict(found))
    return scores


def measure_reconstruction(bench: Bench) -> Scores:
    """Held-out pictures through z_img, against reconstructions from the embeddings of others."""
    held_out = np.concatenate([choose.split_pictures(bench.store, split) for split in SPLITS])
    rng = choose.generator(bench.config.seed, choose.RECONSTRUCTION)
    indices = choose.some(rng, held_out, bench.config.reconstructions)
    pictures = bench.smalls(indices)
    z_img = bench.judge.pictures(pictures)
    wrong = mismatch(bench.concepts(indices), choose.generator(bench.config.seed, choose.CONTROL))
    made = reconstruct(bench.engine, z_img, seed=bench.config.seed, tick=bench.tick("reconstruction"))
    z_made = bench.judge.pictures(made)
    found = likeness(z_img, z_made, wrong)
    scores = named("reconstruction", asdict(found))
    scores["reconstruction.control.found"] = likeness(z_img, z_made[wrong], wrong).found
    space = through_space(bench.engine, pictures)
    if space is not None:
        scores["reconstruction.space"] = likeness(z_img, bench.judge.pictures(space), wrong).own
    _show_reconstructions(bench, pictures, made, np.sum(z_img * z_made, axis=1))
    return scores


def measure_drawing(bench: Bench) -> tuple[Scores, Floats, list[str]]:
    """Both lists with both systems; also what unclip drew of seen concepts, and the prompts."""
    config = bench.config
    scores: Scores = {}
    drawn: dict[tuple[str, str], Floats] = {}
    lists = {
        "seen": choose.training_prompts(
            bench.store, count=config.prompts, popular=config.popular, seed=config.seed
        ),
        "pairs": choose.pair_prompts(bench.store, count=config.prompts, seed=config.seed),
    }
    for name, prompts in lists.items():
        among = choose.judged_among(
            bench.store, prompts, count=config.captions, popular=config.popular, seed=config.seed
        )
        z_txt, texts = bench.judge.captions(among), [prompt.text for prompt in prompts]
        real = bench.judge.stored(bench.store, [prompt.record for prompt in prompts])
        scores |= _recognition(f"drawing.{name}.real", recognised(real, z_txt))
        for system in SYSTEMS:
            tick = bench.tick(f"drawing {name} with {system}")
            made = draw_small(bench.engine, texts, system=system, seed=config.seed, tick=tick)
            drawn[name, system] = made
            z_made = bench.judge.pictures(made)
            result = recognised(z_made, z_txt)
            scores |= _recognition(f"drawing.{name}.{system}", result)
            shuffled = z_made[choose.generator(config.seed, choose.CONTROL).permutation(len(z_made))]
            scores |= _recognition(f"drawing.{name}.{system}.control", recognised(shuffled, z_txt))
            _show_drawings(bench, f"drawn-{name}-{system}", made, texts, result)
    return scores, drawn["seen", "unclip"], [prompt.text for prompt in lists["seen"]]


def measure_neighbours(bench: Bench, drawn: Floats, texts: Sequence[str]) -> Scores:
    """Nearest training pictures of drawings, against those of real pictures in unseen styles."""
    config, store = bench.config, bench.store
    searched = choose.some(
        choose.generator(config.seed, choose.SEARCH), choose.split_pictures(store, "train"), config.searched
    )
    pairs = choose.split_pictures(store, "heldout_pair")
    real = choose.some(choose.generator(config.seed, choose.REFERENCES), pairs, config.references)
    queries = np.concatenate([drawn, bench.smalls(real)])
    z_searched = bench.judge.stored(store, searched, tick=bench.tick("neighbours, embeddings"))
    found = {
        "embedding": nearest(embedding_blocks(bench.judge.pictures(queries), z_searched), SHOWN_NEAR),
        "pixels": nearest(
            pixel_blocks(queries, store, searched, tick=bench.tick("neighbours, pixels")), SHOWN_NEAR
        ),
    }
    _show_neighbours(bench, drawn, texts, searched, found)
    scores: Scores = {"neighbours.searched": float(len(searched))}
    for name, near in found.items():
        first = near.distances[:, 0]
        scores |= _distances(f"neighbours.{name}", nearness(first[: len(drawn)], first[len(drawn) :]))
    return scores


def named(prefix: str, values: Mapping[str, float]) -> Scores:
    """{"top1": 0.5} → {"prefix.top1": 0.5}."""
    return {f"{prefix}.{key}": float(value) for key, value in values.items()}


def _recognition(prefix: str, result: Recognised) -> Scores:
    return named(prefix, {**asdict(result.recall), "similarity": result.similarity})


def _distances(prefix: str, near: Nearness) -> Scores:
    spread = {"drawn": near.drawn, "real": near.real}
    points = {
        f"{who}_q{round(100 * q):02d}": value
        for who, values in spread.items()
        for q, value in zip(QUANTILES, values, strict=True)
    }
    return named(prefix, {"ratio": near.ratio, "copies": near.copies, **points})


def _show_reconstructions(bench: Bench, pictures: Floats, made: Floats, cosine: Floats) -> None:
    cells: list[Cell] = []
    for original, decoded, value in list(zip(pictures, made, cosine, strict=True))[: bench.config.sheet]:
        cells += [Cell(picture=original), Cell(picture=decoded, text=f"{value:.2f}")]
    save(bench.out / "reconstruction.png", sheet(cells, columns=8))


def _show_drawings(bench: Bench, name: str, made: Floats, texts: Sequence[str], result: Recognised) -> None:
    """Prompts whose picture was recognised are written in green."""
    trio = list(zip(made, texts, result.right.tolist(), strict=True))[: bench.config.sheet]
    cells = [Cell(picture=picture, text=text, good=good) for picture, text, good in trio]
    save(bench.out / f"{name}.png", sheet(cells, columns=8))


def _show_neighbours(
    bench: Bench, drawn: Floats, texts: Sequence[str], searched: choose.Indices, found: Mapping[str, Nearest]
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
    save(bench.out / "neighbours.png", sheet(cells, columns=1 + len(found) * len(near.distances[0])))
