"""The embeddings of a folder's pictures, kept in one file so that the next search need not read them again.

The file is in the safetensors format (an 8-byte length, a JSON header, the numbers), with the list of pictures in its
metadata. Whatever is wrong with it, it is as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sfumato.bundle.manifest import Manifest
from sfumato.picture import files
from sfumato.picture.convert import Floats

NAME = ".sfumato-index.safetensors"
FORMAT = "sfumato-index-1"
MAX_BYTES = 2**30
_LENGTH = 8


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What tells a changed file from the one that was read: its length, and its time of change in nanoseconds."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One file: z [E] of unit norm, or the sentence that says why it has none."""

    stamp: Stamp
    z: Floats | None = None
    broken: str | None = None


Entries = dict[str, Entry]
"""By path within the folder, parts joined by "/"."""


def model_key(manifest: Manifest) -> str:
    """Names the image tower that made the embeddings: the model, its version, and the hash of the tower's weights."""
    weights = manifest.files.get(manifest.graphs["image"].weights)
    return f"{manifest.name} {manifest.version} {weights.sha256[:16] if weights else ''}".strip()


def read_index(path: Path, model: str) -> Entries | None:
    """What was kept for this model; None where there is no file, or a damaged one, or another model's."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return _parse(path.read_bytes(), model)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write_index(path: Path, model: str, entries: Mapping[str, Entry]) -> None:
    """Writes the file whole or not at all; half precision, which moves a cosine by less than 0.001.

    Two that write at once leave one of the two. Raises `OutputError` where nothing can be written.
    """
    files.write(path, pack(model, entries))


def pack(model: str, entries: Mapping[str, Entry]) -> bytes:
    """The file's bytes."""
    rows = [entry.z for entry in entries.values() if entry.z is not None]
    width = len(rows[0]) if rows else 0
    numbers = np.asarray(rows, np.float16).reshape(len(rows), width)
    data = numbers.tobytes()
    listed = [[path, e.stamp.size, e.stamp.mtime_ns, e.broken] for path, e in entries.items()]
    said = {"format": FORMAT, "model": model, "sha256": _digest(data, listed), "files": json.dumps(listed)}
    tensor = {"dtype": "F16", "shape": list(numbers.shape), "data_offsets": [0, len(data)]}
    header = json.dumps({"__metadata__": said, "z": tensor}).encode()
    header += b" " * (-len(header) % _LENGTH)
    return len(header).to_bytes(_LENGTH, "little") + header + data


def _parse(raw: bytes, model: str) -> Entries | None:
    end = _LENGTH + int.from_bytes(raw[:_LENGTH], "little")
    header = json.loads(raw[_LENGTH:end])
    said, data = header["__metadata__"], raw[end:]
    if (said["format"], said["model"]) != (FORMAT, model):
        return None
    listed = json.loads(said["files"])
    if said["sha256"] != _digest(data, listed):
        return None
    z = np.frombuffer(data, np.float16).reshape(header["z"]["shape"]).astype(np.float32)
    if len(z) != sum(broken is None for *_, broken in listed):
        return None
    rows = iter(z)
    return {path: _entry(size, mtime_ns, broken, rows) for path, size, mtime_ns, broken in listed}


def _entry(size: int, mtime_ns: int, broken: str | None, rows: Any) -> Entry:
    stamp = Stamp(size=size, mtime_ns=mtime_ns)
    return Entry(stamp=stamp, broken=broken, z=next(rows) if broken is None else None)


def _digest(data: bytes, listed: list[Any]) -> str:
    return hashlib.sha256(json.dumps(listed).encode() + data).hexdigest()
