"""Write pictures and their words as WebDataset shards, tar files in which every picture has a known place."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Generator, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from .record import Span

PER_SHARD = 1000
Sample = tuple[str, dict[str, bytes]]
_HEADER = 512  # bytes before a member's data, in the ustar format


def write_shards(
    root: Path, prefix: str, samples: Iterable[Sample], per_shard: int = PER_SHARD
) -> Generator[Span, None, None]:
    """Write (key, {extension: bytes}) samples to `prefix-00000.tar` and so on, yielding where each PNG lies.

    A shard appears under its name only when it is complete. Equal samples give equal files.
    """
    for number, batch in enumerate(_batches(samples, per_shard)):
        shard = _Shard(root, f"{prefix}-{number:05d}.tar")
        try:
            for key, files in batch:
                yield shard.add(key, files)
        except BaseException:
            shard.discard()
            raise
        shard.finish()


def _batches(samples: Iterable[Sample], size: int) -> Iterator[Iterator[Sample]]:
    """The samples in runs of `size`, none of them empty, without holding more than one sample."""
    source = iter(samples)
    for first in source:
        yield chain((first,), islice(source, size - 1))


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
