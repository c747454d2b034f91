"""Fixtures for every test: a small but whole model, and a cache folder that is not the user's."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Started in the background, a shell's child ignores Ctrl-C, and so would every program that these tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Times say nothing on a machine that is shared; a slow example is not a wrong one.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Compiled graphs of tests go to a folder of their own, also in subprocesses."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("SFUMATO_CACHE")
    os.environ["SFUMATO_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["SFUMATO_CACHE"]
    else:
        os.environ["SFUMATO_CACHE"] = before


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a latent-space bundle; shared, so copy it before changing it."""
    from support.tiny_bundle import make_tiny_bundle  # noqa: PLC0415 - many tests need no engine

    return make_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_pixel_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without an autoencoder: the decoder draws pixels."""
    from support.tiny_bundle import make_tiny_bundle  # noqa: PLC0415

    return make_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny-pixel", kind="pixel", name="tiny-pixel")
