"""An engine whose networks are Python functions, to see what the pipeline asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.bundle.manifest import Manifest
from sfumato.engine.base import Array, Network

Function = Callable[..., dict[str, Array]]


class FakeEngine:
    """Records every call as (network, inputs)."""

    name = "fake"

    def __init__(self, manifest: Manifest, **functions: Function) -> None:
        self.manifest = manifest
        self.calls: list[tuple[str, dict[str, Array]]] = []
        self._functions = functions

    def has(self, name: str) -> bool:
        return name in self._functions

    def network(self, name: str) -> Network:
        def call(**inputs: Array) -> dict[str, Array]:
            self.calls.append((name, inputs))
            return self._functions[name](**inputs)

        return call

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Nothing to make ready."""

    def file(self, name: str) -> Path:
        raise FileNotFoundError(name)


def floats(*shape: int, seed: int = 0) -> Any:
    """Standard normal float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
