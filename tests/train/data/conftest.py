"""Fixtures for captions, scenes and the stream: a small data set drawn by code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sfumato_train.data.scenes.catalogue import catalogue_of
from sfumato_train.data.scenes.sample import StreamConfig
from sfumato_train.data.scenes.studio import Studio
from sfumato_train.data.store import PictureStore
from support.cast_store import write_cast_store


@pytest.fixture(scope="session")
def cast_store(tmp_path_factory: pytest.TempPathFactory) -> PictureStore:
    """A data set of about a hundred pictures, see `support.cast_store`."""
    return PictureStore(write_cast_store(tmp_path_factory.mktemp("pictures") / "tiny"))


@pytest.fixture
def studio(cast_store: PictureStore) -> Callable[..., Studio]:
    """Makes a studio on the small data set: studio(seed, split=..., size=..., ...)."""

    def make(seed: int, *, split: str = "train", **settings: object) -> Studio:
        return Studio(
            catalogue=catalogue_of(cast_store, split),
            rng=np.random.default_rng(seed),
            config=StreamConfig(**settings),  # type: ignore[arg-type]
        )

    return make
