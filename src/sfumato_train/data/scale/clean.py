"""Last step of preparing: what is left of a shard, as a shard of its own, with its embeddings beside it."""

from __future__ import annotations

import io
import os
import tarfile
import time
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from .places import Shard
from .rows import Rows, load, packed, unpacked
from .sample import parse
from .tar import RawSample, readable
from .terms import count


def clean(shard: Shard, kept: NDArray[np.bool_], tar: Path, embeddings: Path, embedded: Path | None) -> Rows:
    """Write the kept samples to `tar`, file for file as they were (and a .txt where only the JSON had the caption).

    `embedded`: the rows of `embed`, of which those of kept samples go to `embeddings`. Nothing is written where
    nothing is kept. Returns no arrays; facts: how many, the terms of their captions, seconds.
    """
    started = time.perf_counter()
    tar.parent.mkdir(parents=True, exist_ok=True)
    beside = tar.with_name(f".{tar.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            captions = _copy(shard, kept, file)
            file.flush()
            os.fsync(file.fileno())
        if captions:
            os.replace(beside, tar)
    finally:
        beside.unlink(missing_ok=True)
    if embedded is not None and captions:
        _write_embeddings(embedded, kept, embeddings)
    return Rows(
        arrays={},
        facts={"samples": len(captions), "terms": count(captions), "seconds": time.perf_counter() - started},
    )


def _copy(shard: Shard, kept: NDArray[np.bool_], file: IO[bytes]) -> list[str]:
    """The captions of what was copied. Equal samples give equal bytes: no times, no owners."""
    captions = list[str]()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, raw in readable(shard):
            if number < len(kept) and kept[number]:
                captions.append(parse(raw).caption)
                for extension, data in _files(raw, captions[-1]).items():
                    member = tarfile.TarInfo(f"{raw.key}.{extension}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
    return captions


def _files(raw: RawSample, caption: str) -> dict[str, bytes]:
    return raw.files if raw.files.get("txt", b"").strip() else raw.files | {"txt": caption.encode()}


def _write_embeddings(embedded: Path, kept: NDArray[np.bool_], path: Path) -> None:
    rows = load(embedded, "row", "z_img", "z_txt", "keys").arrays
    chosen = kept[rows["row"]]
    keys = [key for key, good in zip(unpacked(rows["keys"]), chosen, strict=True) if good]
    arrays = {name: rows[name][chosen] for name in ("z_img", "z_txt")}
    Rows(arrays=arrays | {"keys": packed(keys)}, facts={"samples": len(keys)}).save(path)
