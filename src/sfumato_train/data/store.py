"""Read a built data set: any picture by one seek, all the small ones from one memory map."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.errors import InputError

from .record import FORMAT, Record, Span

__all__ = ["PictureStore", "Record", "Span"]

SMALL, MEDIUM, LARGE = 64, 256, 1024


class PictureStore:
    """The pictures under `root`, as written by `sfumato-train data build`.

    Pictures come as uint8 [H,W,4], premultiplied RGBA. Safe to use from several threads and after a fork:
    every read names its own position and file descriptors are opened per process. Pickled, it is its folder.

    Raises InputError if `root` holds no complete data set.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.build = _read_build(self.root)
        self.records = _read_index(self.root / "index.jsonl")
        self._small = _map_small(self.root / "pixels64.npy")
        self._files: dict[tuple[int, str], int] = {}
        if len(self._small) != len(self.records):
            raise InputError(f"{self.root} is inconsistent; run `sfumato-train data build` again.")

    def __len__(self) -> int:
        return len(self.records)

    def small(self, i: int) -> NDArray[np.uint8]:
        """Picture `i` at 64x64: uint8 [64,64,4], premultiplied, a copy."""
        return np.array(self._small[i], dtype=np.uint8)

    @property
    def smalls(self) -> NDArray[np.uint8]:
        """All pictures at 64x64: read-only memory map, uint8 [N,64,64,4], premultiplied."""
        return self._small

    def picture(self, i: int) -> NDArray[np.uint8]:
        """Picture `i` at 256x256: uint8 [256,256,4], premultiplied, decoded from its shard."""
        return _decode(self.png(i))

    def large(self, i: int) -> NDArray[np.uint8]:
        """Picture `i` at 1024x1024: uint8 [1024,1024,4], premultiplied; InputError where there is none."""
        span = self.records[i].large
        if span is None:
            raise InputError(
                f"Picture {self.records[i].key!r} has no 1024x1024 version; "
                "choose among those whose record has `large`."
            )
        return _decode(self._read(span))

    def png(self, i: int) -> bytes:
        """The PNG file of picture `i` at 256x256, with straight alpha."""
        return self._read(self.records[i].span)

    def select(
        self,
        *,
        split: str | None = "train",
        train: bool | None = True,
        sources: Collection[str] | None = None,
        categories: Collection[str] | None = None,
        tintable: bool | None = None,
        large: bool | None = None,
        min_weight: float = 0.0,
    ) -> NDArray[np.int64]:
        """Indices of the pictures that meet every condition, ascending; None leaves a condition out.

        `split` is "train", "heldout_concept" or "heldout_pair"; `train=False` gives the styles kept for
        evaluation.
        """
        return np.array(
            [
                i
                for i, r in enumerate(self.records)
                if (split is None or r.split == split)
                and (train is None or r.train == train)
                and (sources is None or r.source in sources)
                and (categories is None or r.category in categories)
                and (tintable is None or r.tintable == tintable)
                and (large is None or (r.large is not None) == large)
                and r.weight >= min_weight
            ],
            dtype=np.int64,
        )

    @property
    def weights(self) -> NDArray[np.float64]:
        """How often to draw each picture, relative to the others: float64 [N]."""
        return np.array([r.weight for r in self.records], dtype=np.float64)

    def _read(self, span: Span) -> bytes:
        handle = self._files.get((os.getpid(), span.shard))
        if handle is None:
            handle = self._open(span.shard)
            self._files[os.getpid(), span.shard] = handle
        data = os.pread(handle, span.length, span.offset)
        if len(data) != span.length:
            raise InputError(f"The shard {self.root / span.shard} is truncated; run `sfumato-train data build` again.")
        return data

    def _open(self, shard: str) -> int:
        try:
            return os.open(self.root / shard, os.O_RDONLY)
        except OSError as error:
            raise InputError(
                f"The shard {self.root / shard} cannot be read; run `sfumato-train data build` again."
            ) from error

    def __getstate__(self) -> dict[str, object]:
        return {"root": self.root}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__init__(state["root"])  # type: ignore[misc]


def _map_small(path: Path) -> NDArray[np.uint8]:
    try:
        pictures: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read; run `sfumato-train data build` again.") from error
    return pictures


def _read_build(root: Path) -> dict[str, object]:
    try:
        build = json.loads((root / "build.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{root} is not a built data set; make one with `sfumato-train data build --out {root}`."
        ) from error
    if not isinstance(build, dict) or build.get("format") != FORMAT:
        raise InputError(f"{root} is a data set of another version; build it again with this one.")
    return build


def _read_index(path: Path) -> list[Record]:
    try:
        return [Record.from_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The index {path} cannot be read; run `sfumato-train data build` again.") from error


def _decode(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        return np.array(image.convert("RGBA").convert("RGBa"))  # Pillow's premultiplied mode rounds as ours
