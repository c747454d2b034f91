"""Drawings are those that users get; recognition and likeness on embeddings with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.engine.base import Engine
from sfumato.pipeline.generate import begin, sketch
from sfumato.pipeline.model import load_model
from sfumato.pipeline.watch import SILENT
from sfumato_train.evals.arrays import unit
from sfumato_train.evals.drawing import draw_small, recognised, request_for
from sfumato_train.evals.reconstruction import likeness, reconstruct, through_space

E = 16


@pytest.mark.parametrize("system", ["unclip", "glide"])
def test_drawings_are_what_the_pipeline_draws_alone(engine: Engine, system: str) -> None:
    told: list[tuple[int, int]] = []
    made = draw_small(
        engine, ["a cat", "a fox"], system=system, seed=5, tick=lambda done, total: told.append((done, total))
    )
    request = request_for(engine, "a fox", system=system, seed=6)
    alone = sketch(begin(load_model(engine), request, 1, SILENT), 0, 1).picture
    assert made.shape == (2, 4, 64, 64)
    assert (made[1:] == alone).all()
    assert told == [(1, 2), (2, 2)]


def test_perfect_drawings_are_recognised() -> None:
    z_txt = np.eye(E, dtype=np.float32)
    found = recognised(z_txt[:5], z_txt)
    assert (found.recall.top1, found.similarity) == (1.0, 1.0)
    assert (found.recall.queries, found.recall.candidates) == (5, E)
    assert found.right.all()


def test_drawings_of_something_else_are_not() -> None:
    z_txt = np.eye(E, dtype=np.float32)
    mixed = z_txt[[0, 7, 2, 9, 10]]
    found = recognised(mixed, z_txt)
    assert found.right.tolist() == [True, False, True, False, False]
    assert (found.recall.top1, found.similarity) == (pytest.approx(0.4), pytest.approx(0.4))


def test_a_model_that_always_draws_the_same_recognises_one() -> None:
    rng = np.random.default_rng(0)
    z_txt = unit(rng.normal(size=(E, 64)))
    found = recognised(np.repeat(z_txt[3:4], 8, axis=0), z_txt)
    assert found.recall.top1 == pytest.approx(1 / 8)


def test_a_perfect_reconstruction_is_itself_and_nothing_else() -> None:
    z = np.eye(E, dtype=np.float32)
    found = likeness(z, z, np.roll(np.arange(E), 1))
    assert (found.own, found.other, found.found) == (1.0, 0.0, 1.0)
    assert found.chance == pytest.approx(1 / E)


def test_shuffled_reconstructions_are_not_found() -> None:
    z, wrong = np.eye(E, dtype=np.float32), np.roll(np.arange(E), 3)
    found = likeness(z, z[wrong], wrong)
    assert (found.own, found.found) == (0.0, 0.0)


def test_likeness_grows_with_what_is_kept() -> None:
    rng = np.random.default_rng(1)
    z, noise = unit(rng.normal(size=(40, E))), unit(rng.normal(size=(40, E)))
    wrong = np.roll(np.arange(40), 1)
    found = [likeness(z, unit(kept * z + (1 - kept) * noise), wrong) for kept in (0.0, 0.5, 1.0)]
    assert found[0].own < found[1].own < found[2].own
    assert abs(found[0].own - found[0].other) < 0.2  # nothing kept: its own is like any other


def test_reconstructions_hang_on_the_embedding_and_their_own_seed(engine: Engine) -> None:
    z = unit(np.random.default_rng(2).normal(size=(2, engine.manifest.embedding.dim)))
    first, again = reconstruct(engine, z, seed=4), reconstruct(engine, z[1:], seed=5)
    assert first.shape == (2, 4, 64, 64)
    assert (first[1:] == again).all()
    assert np.abs(reconstruct(engine, -z[1:], seed=5) - again).max() > 0


def test_the_space_alone_keeps_the_shape(engine: Engine) -> None:
    pictures = np.full((2, 4, 64, 64), -1, np.float32)
    made = through_space(engine, pictures)
    assert made is not None
    assert made.shape == pictures.shape
    assert np.abs(made).max() <= 1
