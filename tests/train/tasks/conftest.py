"""A context with pictures and with the towers and the space that later stages are trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato_train.context import Context
from support.networks import tiny_networks, write_checkpoints


@pytest.fixture(scope="session")
def context(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    networks = tiny_networks()
    first = {name: networks[name] for name in ("clip", "autoencoder")}
    return Context(data=tiny_store, runs=write_checkpoints(tmp_path_factory.mktemp("runs"), first))
