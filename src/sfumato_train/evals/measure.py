"""The measurements: each takes the bench, gives scores by name, and leaves its sheets behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np

from sfumato.requests.draw import SYSTEMS

from . import choose
from .arrays import Floats
from .bench import LISTS, Bench
from .captions import measure_captions
from .composed import measure_composition, measure_diversity, measure_realism
from .controls import mismatch
from .drawing import Recognised, recognised
from .editing import measure_editing
from .neighbours import QUANTILES, Nearness, embedding_blocks, nearest, nearness, pixel_blocks
from .priors import measure_priors
from .reconstruction import likeness, reconstruct, through_space
from .report import Scores, named
from .retrieval import both_ways
from .show import show_drawings, show_neighbours, show_reconstructions
from .speed import measure_speed
from .sweep import measure_sweep
from .zero_shot import measure_zero_shot

SPLITS = ("heldout_concept", "heldout_pair")
SHOWN_NEAR = 3


def measure_retrieval(bench: Bench) -> Scores:
    """CLIP on both held-out lists, both ways, and with the pictures' embeddings shuffled."""
    scores: Scores = {}
    for split in SPLITS:
        rng = choose.generator(bench.config.seed, choose.RETRIEVAL)
        indices = choose.some(rng, choose.split_pictures(bench.store, split), bench.config.pictures)
        firsts = choose.first_of_concepts(bench.store, indices)
        captions = [choose.concept_caption(bench.store.records[i]) for i in firsts.values()]
        z_img = bench.clip.stored(bench.store, indices, tick=bench.tick(f"retrieval, {split}"))
        z_txt = bench.clip.captions(captions)
        for name, z in (("", z_img), ("control.", _shuffled(bench, z_img))):
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
    z_img = bench.clip.pictures(pictures)
    wrong = mismatch(bench.concepts(indices), choose.generator(bench.config.seed, choose.CONTROL))
    made = reconstruct(bench.engine, z_img, seed=bench.config.seed, tick=bench.tick("reconstruction"))
    z_made = bench.clip.pictures(made)
    scores = named("reconstruction", asdict(likeness(z_img, z_made, wrong)))
    scores["reconstruction.control.found"] = likeness(z_img, z_made[wrong], wrong).found
    space = through_space(bench.engine, pictures, tick=bench.tick("reconstruction by the space alone"))
    if space is not None:
        scores["reconstruction.space"] = likeness(z_img, bench.clip.pictures(space), wrong).own
    show_reconstructions(bench, pictures, made, np.sum(z_img * z_made, axis=1))
    return scores


def measure_drawing(bench: Bench) -> Scores:
    """Both lists drawn by both systems, with real pictures and shuffled drawings for comparison."""
    config, scores = bench.config, Scores()
    for which in LISTS:
        prompts = bench.prompts(which)
        among = choose.judged_among(
            bench.store, prompts, count=config.captions, popular=config.popular, seed=config.seed
        )
        z_txt, texts = bench.clip.captions(among), [prompt.text for prompt in prompts]
        real = bench.clip.stored(bench.store, [prompt.record for prompt in prompts])
        scores |= _recognition(f"drawing.{which}.real", recognised(real, z_txt))
        for system in SYSTEMS:
            made = bench.drawn(which, system)
            z_img = bench.clip.pictures(made)
            result = recognised(z_img, z_txt)
            name = f"drawing.{which}.{system}"
            scores |= _recognition(name, result)
            scores |= _recognition(f"{name}.control", recognised(_shuffled(bench, z_img), z_txt))
            show_drawings(bench, f"drawn-{which}-{system}", made, texts, result)
    return scores


def measure_neighbours(bench: Bench) -> Scores:
    """Nearest training pictures of unclip's drawings, against those of real pictures in unseen styles."""
    config, store = bench.config, bench.store
    drawn, texts = bench.drawn("seen", "unclip"), [prompt.text for prompt in bench.prompts("seen")]
    searched = choose.some(
        choose.generator(config.seed, choose.SEARCH), choose.split_pictures(store, "train"), config.searched
    )
    pairs = choose.split_pictures(store, "heldout_pair")
    real = choose.some(choose.generator(config.seed, choose.REFERENCES), pairs, config.references)
    queries = np.concatenate([drawn, bench.smalls(real)])
    z_searched = bench.clip.stored(store, searched, tick=bench.tick("neighbours by embedding"))
    by_pixels = pixel_blocks(queries, store, searched, tick=bench.tick("neighbours by pixels"))
    found = {
        "embedding": nearest(embedding_blocks(bench.clip.pictures(queries), z_searched), SHOWN_NEAR),
        "pixels": nearest(by_pixels, SHOWN_NEAR),
    }
    show_neighbours(bench, drawn, texts, searched, found)
    scores: Scores = {"neighbours.searched": float(len(searched))}
    for name, near in found.items():
        first = near.distances[:, 0]
        scores |= _distances(f"neighbours.{name}", nearness(first[: len(drawn)], first[len(drawn) :]))
    return scores


MEASUREMENTS: Mapping[str, Callable[[Bench], Scores]] = {
    "retrieval": measure_retrieval,
    "reconstruction": measure_reconstruction,
    "drawing": measure_drawing,
    "neighbours": measure_neighbours,
    "composition": measure_composition,
    "realism": measure_realism,
    "diversity": measure_diversity,
    "editing": measure_editing,
    "speed": measure_speed,
    "priors": measure_priors,
    "captions": measure_captions,
    "sweep": measure_sweep,
    "zero_shot": measure_zero_shot,
}
JUDGED = ("composition", "realism", "diversity", "sweep")
USUAL = tuple(name for name in MEASUREMENTS if name not in ("sweep", "priors"))
"""What is measured where nothing else is said: these two compare ways of drawing and take as long as all the rest."""


def _shuffled(bench: Bench, z: Floats) -> Floats:
    """The same embeddings in a random order: what is found with them is found by chance."""
    return z[choose.generator(bench.config.seed, choose.CONTROL).permutation(len(z))]


def _recognition(prefix: str, result: Recognised) -> Scores:
    return named(prefix, {**asdict(result.recall), "similarity": result.similarity})


def _distances(prefix: str, near: Nearness) -> Scores:
    points = {
        f"{who}_q{round(100 * q):02d}": value
        for who, values in (("drawn", near.drawn), ("real", near.real))
        for q, value in zip(QUANTILES, values, strict=True)
    }
    return named(prefix, {"ratio": near.ratio, "copies": near.copies, **points})
