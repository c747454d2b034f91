"""A model of random weights, a data set of drawn dots, and a bench with both."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato.engine.base import Engine
from sfumato.engine.choose import open_engine
from sfumato_train.data.store import PictureStore
from support.tiny_data import make_tiny_data


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the data set; shared, so do not change it."""
    return make_tiny_data(tmp_path_factory.mktemp("dots") / "dots")


@pytest.fixture(scope="session")
def store(tiny_data: Path) -> PictureStore:
    """The data set, open."""
    return PictureStore(tiny_data)


@pytest.fixture(scope="session")
def engine(tiny_bundle: Path) -> Engine:
    """The latent-space model, open; f32, so that batches and single pictures agree closely."""
    return open_engine("openvino", tiny_bundle, threads=1, precision="f32")
