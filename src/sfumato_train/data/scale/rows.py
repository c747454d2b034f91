"""What a step finds out about a shard: arrays with a row a sample, and facts about the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sfumato.picture.files import write

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Arrays of equal length by name, and `facts`, plain JSON."""

    arrays: dict[str, Array]
    facts: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write them as one safetensors file, whole or not at all; OutputError where that cannot be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        write(path, save(whole, metadata={"facts": json.dumps(self.facts)}))


def load(path: Path, *names: str) -> Rows:
    """Rows that `save` wrote, or only the named arrays of them."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in names or file.keys()}
        return Rows(arrays=arrays, facts=json.loads(file.metadata()["facts"]))


def facts_of(path: Path) -> dict[str, Any]:
    """The facts alone."""
    with safe_open(path, framework="numpy") as file:
        facts: dict[str, Any] = json.loads(file.metadata()["facts"])
        return facts


def is_whole(path: Path) -> bool:
    """Whether a step is done with this shard. Files are renamed when they are whole; a damaged disk may still lie."""
    try:
        facts_of(path)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return False
    return True


def packed(texts: list[str]) -> Array:
    """Texts without line ends as one uint8 array."""
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def unpacked(array: Array) -> list[str]:
    """The inverse of `packed` (but for no texts at all, which come back as one that is empty)."""
    return array.tobytes().decode().split("\n")
