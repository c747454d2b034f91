"""Writing safetensors tensor by tensor, with a digest of everything inside, and checking it.

The library's own writer needs no less, but it hides its boundaries from the tests and has no digest: truncation shows
itself in a safetensors file, a flipped bit does not. The format: eight bytes with the header's length, the header
(JSON, padded with spaces to a multiple of eight), the tensors' bytes without gaps.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sfumato.errors import BundleError
from sfumato_train.disk import Disk

DIGEST = "sha256"
_CHUNK = 1 << 22
_LONGEST_HEADER = 100_000_000  # what the library accepts
_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A tensor to be written; `read` gives it when its turn comes, so that only one need be in memory."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    read: Callable[[], Tensor]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.dtype.itemsize * torch.Size(self.shape).numel()


def entry(tensor: Tensor) -> Entry:
    """A tensor that is in memory already."""
    return Entry(dtype=tensor.dtype, shape=tuple(tensor.shape), read=lambda: tensor)


def size(entries: Mapping[str, Entry]) -> int:
    """Bytes of the tensors and, amply, of the header."""
    return sum(one.size + 256 for one in entries.values()) + _CHUNK


def write(disk: Disk, path: Path, entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> None:
    """Create `path`, write it whole and sync it. The metadata gains `sha256`. Raises OSError."""
    ordered = dict(sorted(entries.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])))  # aligned so
    header, end = {}, 0
    for name, one in ordered.items():
        offsets = [end, end := end + one.size]
        header[name] = {"dtype": _NAMES[one.dtype], "shape": list(one.shape), "data_offsets": offsets}
    digest = _digest(header, metadata, (_bytes(one.read()) for one in ordered.values()))
    text = json.dumps({"__metadata__": {**metadata, DIGEST: digest}} | header).encode()
    text += b" " * (-len(text) % 8)
    with disk.create(path) as file:
        disk.write(file, memoryview(len(text).to_bytes(8, "little") + text))
        for one in ordered.values():
            disk.write(file, _bytes(one.read()))
        disk.sync(file)


def check(path: Path) -> None:
    """BundleError when a file is not what was written; one from before digests were kept is taken on trust."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _LONGEST_HEADER)))
            metadata = header.pop("__metadata__", {})
            promised = metadata.pop(DIGEST, None)
            if not all("data_offsets" in one for one in header.values()):
                raise ValueError("its header is damaged")
            if promised is None:
                return
            found = _digest(header, metadata, iter(lambda: file.read(_CHUNK), b""))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BundleError(f"The checkpoint {path} cannot be read ({error}); use another one.") from error
    if found != promised:
        raise BundleError(f"The checkpoint {path} cannot be read (its digest differs); use another one.")


def _digest(header: Mapping[str, Any], metadata: Mapping[str, str], data: Iterator[bytes | memoryview]) -> str:
    digest = hashlib.sha256(json.dumps([header, dict(metadata)], sort_keys=True).encode())
    for part in data:
        digest.update(part)
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> memoryview:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    array: Any = flat.view(torch.uint8).numpy()
    return memoryview(array)
