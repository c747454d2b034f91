"""Reading a checkpoint tensor by tensor, and of each tensor only the rows that are wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sfumato.errors import BundleError
from sfumato_train.parts import local, own_rows
from sfumato_train.tensorfile import DIGEST, Entry

Rows = tuple[int, int]
_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """`types`: shape and type of every tensor; `read(name, rows)` gives it, or only those rows of it."""

    path: Path
    metadata: dict[str, str]
    types: Mapping[str, tuple[tuple[int, ...], torch.dtype]]
    read: Callable[[str, Rows | None], Tensor]

    def entries(self) -> dict[str, Entry]:
        """All of it, to be written elsewhere."""
        return {
            name: Entry(dtype=dtype, shape=shape, read=lambda name=name: self.read(name, None))  # type: ignore[misc]
            for name, (shape, dtype) in self.types.items()
        }

    def under(self, prefix: str) -> list[str]:
        """Names that begin with `prefix/`, without it."""
        return [name.removeprefix(f"{prefix}/") for name in self.types if name.startswith(f"{prefix}/")]

    @torch.no_grad()
    def fill(self, target: Tensor, name: str) -> None:
        """Put a tensor, or this process's rows of it, into `target`, which keeps its layout in memory.

        KeyError when there is none of this name, RuntimeError when it has another shape.
        """
        shape, _ = self.types[name]
        if shape != tuple(target.shape):
            raise RuntimeError(f"{name} has the shape {shape} instead of {tuple(target.shape)}")
        local(target).copy_(self.read(name, own_rows(target)))


def unreadable(path: Path, error: object) -> BundleError:
    """The sentence for a damaged file."""
    return BundleError(f"The checkpoint {path} cannot be read ({error}); use another one.")


def file_source(path: Path) -> Source:
    """A safetensors file; BundleError when it is none or torn."""
    try:
        opened: Any = safe_open(path, framework="pt")
        file = opened.__enter__()  # stays open as long as the source lives
        metadata = dict(file.metadata() or {})
        types = {name: _type(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError) as error:
        raise unreadable(path, error) from error
    metadata.pop(DIGEST, None)

    def read(name: str, rows: Rows | None) -> Tensor:
        try:
            tensor: Tensor = file.get_tensor(name) if rows is None else file.get_slice(name)[rows[0] : rows[1]]
        except (OSError, SafetensorError) as error:
            raise unreadable(path, error) from error
        return tensor

    return Source(path=path, metadata=metadata, types=types, read=read)


def _type(part: Any) -> tuple[tuple[int, ...], torch.dtype]:
    return tuple(part.get_shape()), _TYPES[part.get_dtype()]
