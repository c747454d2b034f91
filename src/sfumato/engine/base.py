"""What the pipeline asks of an engine: the networks of one model, as functions of named arrays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sfumato.bundle.manifest import Manifest

Array = np.ndarray[Any, np.dtype[Any]]


class Network(Protocol):
    """A function of named arrays: float32 (int64 for tokens and text masks), one row a sample."""

    def __call__(self, **inputs: Array) -> dict[str, Array]: ...


class Engine(Protocol):
    """Runs the networks of one model. Its methods may be called from several threads."""

    @property
    def name(self) -> str:
        """What users call the engine, such as "openvino"."""

    @property
    def manifest(self) -> Manifest:
        """What the model says about itself."""

    def has(self, name: str) -> bool:
        """Whether the model has this network."""

    def network(self, name: str) -> Network:
        """The network, made ready at its first call; `BundleError` when the model lacks or garbles it."""

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        """A hint that these (network, batch size) will soon be called, in this order. Returns at once."""

    def file(self, name: str) -> Path:
        """A file of the model that is no network, such as tokenizer.json; `BundleError` if it is damaged."""
