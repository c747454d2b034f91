"""A context of untrained towers and autoencoder, to which tests may add what they like."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato_train.context import Context
from support.networks import tiny_networks, write_checkpoints


@pytest.fixture
def fresh(tiny_store: Path, tmp_path: Path) -> Context:
    """Runs of a test's own."""
    networks = tiny_networks()
    first = {name: networks[name] for name in ("clip", "autoencoder")}
    return Context(data=tiny_store, runs=write_checkpoints(tmp_path / "runs", first))


@pytest.fixture(scope="module")
def shared(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Runs that a file's tests share and do not change."""
    networks = tiny_networks()
    first = {name: networks[name] for name in ("clip", "autoencoder")}
    return Context(data=tiny_store, runs=write_checkpoints(tmp_path_factory.mktemp("shared") / "runs", first))
