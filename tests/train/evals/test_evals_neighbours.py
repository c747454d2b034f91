"""Nearest pictures against brute force, and distances that say copied or new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato_train.data.store import PictureStore
from sfumato_train.evals import neighbours
from sfumato_train.evals.arrays import to_floats, unit
from sfumato_train.evals.neighbours import embedding_blocks, nearest, nearness, pixel_blocks, rms
from support.tiny_data import make_tiny_data


def test_blocks_do_not_change_what_is_nearest() -> None:
    distances = np.random.default_rng(0).random((4, 50)).astype(np.float32)
    whole = nearest([distances], 3)
    split = nearest([distances[:, :1], distances[:, 1:30], distances[:, 30:]], 3)
    assert (whole.places == np.argsort(distances, axis=1)[:, :3]).all()
    assert (split.places == whole.places).all()
    assert (split.distances == np.sort(distances, axis=1)[:, :3]).all()


def test_fewer_pictures_than_asked_for_are_all_given() -> None:
    assert nearest([np.array([[3.0, 1.0]], np.float32)], 5).places.tolist() == [[1, 0]]


def test_an_empty_search_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to search"):
        nearest([], 1)


def test_distances_of_embeddings_are_one_minus_the_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 3)
    z = unit(np.random.default_rng(1).normal(size=(8, 5)))
    found = nearest(embedding_blocks(z, np.concatenate([-z, z])), 2)
    assert found.places[:, 0].tolist() == list(range(8, 16))
    assert found.distances[:, 0] == pytest.approx(np.zeros(8), abs=1e-6)


def test_root_mean_square_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((3, 40)).astype(np.float32), rng.random((5, 40)).astype(np.float32)
    expected = np.sqrt(((a[:, None] - b[None]) ** 2).mean(axis=-1))
    assert rms(a, b) == pytest.approx(expected, abs=1e-5)
    assert rms(np.zeros((1, 7), np.float32), np.ones((1, 7), np.float32)) == pytest.approx(np.ones((1, 1)))


def test_a_copied_picture_finds_its_original_mirrored_or_not(
    store: PictureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    searched = np.array([9, 3, 20, 15, 1, 30, 12, 6, 24], dtype=np.int64)
    queries = to_floats(store.smalls[[15, 24, 3]])
    told: list[tuple[int, int]] = []
    for shown in (queries, queries[..., ::-1]):
        blocks = pixel_blocks(shown, store, searched, tick=lambda done, total: told.append((done, total)))
        found = nearest(blocks, 1)
        assert searched[found.places[:, 0]].tolist() == [15, 24, 3]
        assert found.distances == pytest.approx(np.zeros((3, 1)), abs=2e-3)
    assert told == [(7, 9), (9, 9)] * 2


def test_drawings_like_new_pictures_have_ratio_one() -> None:
    rng = np.random.default_rng(3)
    drawn, real = (rng.normal(1.0, 0.2, 4000).astype(np.float32) for _ in range(2))
    found = nearness(drawn, real)
    assert found.ratio == pytest.approx(1.0, abs=0.02)
    assert found.copies == pytest.approx(0.05, abs=0.02)


def test_copies_are_seen() -> None:
    real = np.linspace(1, 2, 101).astype(np.float32)
    drawn = np.array([0.0, 0.0, 0.0, 1.5], np.float32)
    found = nearness(drawn, real)
    assert (found.ratio, found.copies) == (0.0, 0.75)
    assert found.real == pytest.approx((1.05, 1.25, 1.5, 1.75, 1.95), abs=1e-5)
    assert found.drawn[0] == 0.0


def test_the_fixture_is_a_whole_data_set(store: PictureStore, tmp_path: Path) -> None:
    assert len(store.select(split="heldout_pair")) == 6
    assert len(store.select(split="heldout_concept")) == 8
    again = PictureStore(make_tiny_data(tmp_path))
    assert again.records == store.records
    assert (again.picture(7)[::4, ::4] == again.small(7)).all()
