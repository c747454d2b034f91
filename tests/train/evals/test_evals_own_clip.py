"""Embeddings in batches are those of single pictures, whole batches or not."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato.engine.base import Engine
from sfumato.picture.convert import from_pixels
from sfumato_train.data.pixels import unpremultiply
from sfumato_train.data.store import PictureStore
from sfumato_train.evals import own_clip
from sfumato_train.evals.arrays import to_floats, unit
from sfumato_train.evals.own_clip import OwnClip


@pytest.fixture
def clip(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> OwnClip:
    """One with batches of four."""
    monkeypatch.setattr(own_clip, "BATCH", 4)
    return OwnClip(engine)


def test_stored_pictures_are_those_of_the_converter(store: PictureStore) -> None:
    floats = to_floats(store.smalls[:3])
    assert floats == pytest.approx(from_pixels(unpremultiply(store.smalls[:3])), abs=1 / 127)
    assert floats.dtype == np.float32
    assert (floats[:, :, 0, 0] == -1).all()  # a transparent corner


@pytest.mark.parametrize("count", [1, 4, 6])
def test_the_last_batch_is_filled_and_cut(clip: OwnClip, engine: Engine, store: PictureStore, count: int) -> None:
    told: list[tuple[int, int]] = []
    indices = list(range(5, 5 + count))
    z = clip.stored(store, indices, tick=lambda done, total: told.append((done, total)))
    assert z == pytest.approx(clip.pictures(to_floats(store.smalls[indices])), abs=1e-6)
    assert told[-1] == (count, count)
    one = engine.network("image")(picture=to_floats(store.smalls[indices[-1:]]))["z_img"]
    assert z[-1:] == pytest.approx(one, abs=1e-4)


def test_rows_have_length_one(clip: OwnClip) -> None:
    z = clip.captions(["a cat", "an owl", "a red apple", "two hats", "a star"])
    assert z.shape[0] == 5
    assert np.linalg.norm(z, axis=1) == pytest.approx(np.ones(5), abs=1e-5)


def test_a_caption_does_not_depend_on_its_neighbours(clip: OwnClip) -> None:
    many = clip.captions(["a cat", "a star", "a fox", "a hat", "a red apple"])
    assert clip.captions(["a red apple"])[0] == pytest.approx(many[4], abs=1e-4)


def test_an_empty_embedding_stays_finite() -> None:
    assert np.isfinite(unit(np.zeros((2, 3), np.float32))).all()
