"""Write pictures and their words as WebDataset shards: tar files, in which every picture has a known place."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .record import Span

PER_SHARD = 1000
_HEADER = 512  # bytes before a member's data, in the ustar format


def write_shards(
    root: Path, prefix: str, samples: Iterable[tuple[str, dict[str, bytes]]], per_shard: int = PER_SHARD
) -> Iterator[Span]:
    """Write (key, {extension: bytes}) samples to `prefix-00000.tar` and so on, yielding where each PNG lies.

    A shard appears under its name only when it is complete. Equal samples give equal files.
    """
    with ExitStack() as stack:
        shard = _Shard(root, f"{prefix}-00000.tar")
        stack.callback(lambda: shard.discard())
        for n, (key, files) in enumerate(samples):
            if n and n % per_shard == 0:
                shard.finish()
                shard = _Shard(root, f"{prefix}-{n // per_shard:05d}.tar")
            yield shard.add(key, files)
        shard.finish()


def metadata(facts: dict[str, Any]) -> bytes:
    """The JSON that lies beside a picture in its shard."""
    return json.dumps(facts, ensure_ascii=False).encode()


class _Shard:
    def __init__(self, root: Path, name: str) -> None:
        self._name, self._final = name, root / name
        self._beside = root / f".{name}.part"
        self._tar = tarfile.open(self._beside, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115

    def add(self, key: str, files: dict[str, bytes]) -> Span:
        """Append one sample; where its "png" lies."""
        spans = {}
        for extension, data in files.items():
            info = tarfile.TarInfo(f"{key}.{extension}")
            info.size = len(data)
            spans[extension] = Span(shard=self._name, offset=self._tar.offset + _HEADER, length=len(data))
            self._tar.addfile(info, io.BytesIO(data))
        return spans["png"]

    def finish(self) -> None:
        self._tar.close()
        os.replace(self._beside, self._final)

    def discard(self) -> None:
        self._tar.close()
        self._beside.unlink(missing_ok=True)
