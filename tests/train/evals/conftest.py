"""A model and a judge of random weights, a data set of drawn dots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.engine.base import Engine
from sfumato.engine.choose import open_engine
from sfumato.networks.detector import Detector, DetectorConfig
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.composition.vocabulary import names, vocabulary_of
from sfumato_train.evals.composition.wanted import COLOURS
from sfumato_train.evals.judge_export import write_judge
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


THINGS = vocabulary_of("cat, owl, star, snail, tree, apple = red apple")


@pytest.fixture(scope="session")
def tiny_judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a judge that sees things everywhere, all of random kinds."""
    torch.manual_seed(0)
    config = DetectorConfig(things=names(THINGS), colours=COLOURS, widths=(16, 16, 16), blocks=(1, 1, 1), features=16)
    network = Detector(config)
    torch.nn.init.normal_(network.head.weight, std=2.0)
    folder = tmp_path_factory.mktemp("judges") / "tiny"
    features = np.random.default_rng(0).normal(0.0, 1.0, (64, 16)).astype(np.float32)
    write_judge(folder, network, things=THINGS, features=features, threshold=0.5)
    return folder
