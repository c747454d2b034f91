"""The gallery makes each set of pictures once, and the same ones every time."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from sfumato.engine.base import Engine
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.composed import obedience, realism
from sfumato_train.evals.composition.wanted import TASKS
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.gallery import Gallery
from sfumato_train.evals.own_clip import OwnClip
from sfumato_train.evals.variants import PRESET, Variant


@pytest.fixture(scope="module")
def bench(engine: Engine, store: PictureStore, tiny_judge: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    config = EvalConfig(composition=2, repeats=2, sweep=1)
    out = tmp_path_factory.mktemp("gallery")
    return Bench(engine=engine, clip=OwnClip(engine), store=store, config=config, out=out, judge_folder=tiny_judge)


@pytest.fixture(scope="module")
def gallery(bench: Bench) -> Gallery:
    return bench.gallery


def test_prompts_are_of_all_tasks(gallery: Gallery) -> None:
    assert gallery.tasks == tuple(TASKS)
    assert len(gallery.texts) == len(gallery.wanted) == 12
    assert len(set(gallery.texts)) == 12


def test_pictures_are_made_once(gallery: Gallery, bench: Bench) -> None:
    assert gallery.drawn(PRESET) is gallery.drawn(PRESET)
    assert gallery.known is gallery.known
    assert bench.gallery is gallery


def test_every_set_has_all_prompts(gallery: Gallery) -> None:
    sets = [gallery.known, gallery.again, gallery.unseen, gallery.drawn(PRESET)]
    for shown in sets:
        assert shown.pictures.shape == (24, 4, 64, 64)
        assert gallery.rights(shown).shape == (12, 2)
        assert gallery.features(shown).shape == (12, 2, 16)
    for one, other in itertools.pairwise(sets):
        assert not np.array_equal(one.pictures, other.pictures)


def test_another_gallery_shows_the_same(bench: Bench, gallery: Gallery) -> None:
    other = bench._gallery(2, 2)
    assert other.texts == gallery.texts
    assert np.array_equal(other.known.pictures, gallery.known.pictures)
    assert other.drawn(PRESET).pictures == pytest.approx(gallery.drawn(PRESET).pictures, abs=1e-5)


def test_the_small_gallery_is_the_beginning_of_the_large(bench: Bench, gallery: Gallery) -> None:
    small = bench.small_gallery
    for task in TASKS:
        first = next(text for text, one in zip(gallery.texts, gallery.wanted, strict=True) if one.task == task)
        assert first in small.texts


def test_real_pictures_are_no_distance_from_themselves(gallery: Gallery) -> None:
    found = realism(gallery, gallery.known, np.random.default_rng(0))
    assert found["precision"] == found["recall"] == 1
    other = realism(gallery, gallery.drawn(PRESET), np.random.default_rng(0))
    assert other["kid"] > found["kid"]


def test_obedience_names_every_task(gallery: Gallery) -> None:
    scores = obedience(gallery, gallery.known, 0)
    assert scores["score"] == pytest.approx(np.mean([scores[f"{task}.score"] for task in TASKS]))
    assert all(scores[f"{task}.low"] <= scores[f"{task}.score"] <= scores[f"{task}.high"] for task in TASKS)


def test_a_variant_with_real_embeddings_gets_those_of_the_prompts(gallery: Gallery) -> None:
    shown = gallery.drawn(Variant(label="true", source="picture"))
    assert not np.array_equal(shown.pictures, gallery.drawn(PRESET).pictures)
