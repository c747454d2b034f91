"""What the pipeline asks of an engine. The graphs, their inputs and outputs are listed in docs/bundle.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from sfumato.bundle.manifest import Manifest

Array = np.ndarray[Any, np.dtype[Any]]


class Network(Protocol):
    """A function of named arrays: float32 (or int64 for tokens and text masks), batch on the first axis."""

    def __call__(self, **inputs: Array) -> dict[str, Array]: ...


class Engine(Protocol):
    """The networks of one model."""

    @property
    def name(self) -> str: ...

    @property
    def manifest(self) -> Manifest: ...

    def has(self, name: str) -> bool:
        """Whether the model has this network."""
        ...

    def network(self, name: str) -> Network:
        """The network, made ready at its first call; `BundleError` when the model lacks or garbles it."""
        ...

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        """A hint that these (network, batch size) will be called soon, in this order. Returns at once."""
        ...
