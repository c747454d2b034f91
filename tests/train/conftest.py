"""Fixtures for training: a small data set, and checkpoints of untrained small networks of every stage."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a built data set of 48 pictures; shared, not to be changed."""
    from support.tiny_store import make_tiny_store  # noqa: PLC0415 - many tests need no pictures

    return make_tiny_store(tmp_path_factory.mktemp("data") / "tiny")
