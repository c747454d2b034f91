"""The code of embeddings as a file of a bundle: four arrays in numpy's own archive, never a pickle."""

from __future__ import annotations

import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from sfumato.bundle.manifest import ArPriorShape
from sfumato.diffusion.buckets import Code
from sfumato.errors import BundleError

NAMES = tuple(field.name for field in fields(Code))


def write_code(code: Code, path: Path) -> None:
    """Equal codes give equal bytes."""
    with path.open("wb") as file:
        np.savez(file, **{name: getattr(code, name) for name in NAMES})


def read_code(path: Path, shape: ArPriorShape, *, embedding: int) -> Code:
    """The code that the manifest speaks of; `BundleError` when the file holds anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            code = Code(**{name: arrays[name] for name in NAMES})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} cannot be read ({error}); install the model again.") from None
    S, Q, E = shape.numbers, shape.buckets, embedding
    expected = {"mean": (E,), "basis": (S - 1, E), "edges": (S, Q - 1), "centres": (S, Q)}
    for name, sizes in expected.items():
        array = getattr(code, name)
        if array.shape != sizes or array.dtype != np.float32 or not np.isfinite(array).all():
            raise BundleError(f"{path} does not fit the model's manifest ({name}); install the model again.")
    return code
