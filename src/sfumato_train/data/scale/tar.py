"""Samples of a WebDataset shard as they come, with the place of each, so that reading can begin at any of them.

A sample is a run of members whose paths are alike up to the first dot of the file name.
"""

from __future__ import annotations

import contextlib
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from .places import Shard, open_shard

MAX_MEMBER = 64 * 2**20
"""Bytes of a file that are read at all; the pictures we take are far smaller."""
RETRIES = 3
PAUSE = 0.5
"""Half the seconds before the first retry; each waits twice as long as the one before."""
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_BLOCK = 512


class BrokenShard(Exception):
    """The shard cannot be read from here on; says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RawSample:
    """`files` by lower-case extension ("jpg", "seg.png"). `end`: where in the shard the next sample begins."""

    shard: str
    key: str
    end: int
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.shard}/{self.key}"


def read_shard(shard: Shard, start: int = 0) -> Iterator[RawSample]:
    """Samples from the byte `start` on, one in memory at a time. Raises BrokenShard after the last good one.

    Where reading itself fails, as networks do, it is tried again from the last sample on, RETRIES times.
    """
    failures = 0
    while True:
        try:
            for sample in _from(shard, start):
                start, failures = sample.end, 0
                yield sample
            return
        except OSError as error:
            failures += 1
            if isinstance(error, _LASTING) or failures > RETRIES:
                raise _broken(shard, error) from error
            time.sleep(PAUSE * 2**failures)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise _broken(shard, error) from error


def _broken(shard: Shard, error: Exception) -> BrokenShard:
    return BrokenShard(f"{shard.name}: {error or type(error).__name__}")


def _from(shard: Shard, start: int) -> Iterator[RawSample]:
    with open_shard(shard) as file:
        file.seek(start)
        if not _at_end(file, start):
            yield from _samples(shard, file)


def readable(shard: Shard) -> Iterator[tuple[int, RawSample]]:
    """Numbered samples up to where the shard ends or breaks off."""
    with contextlib.suppress(BrokenShard):
        yield from enumerate(read_shard(shard))


def _samples(shard: Shard, file: IO[bytes]) -> Iterator[RawSample]:
    key, files = "", dict[str, bytes]()
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            vars(tar)["members"] = []  # tarfile remembers every one, which over a large shard is no little
            path, extension = split_path(member.name)
            if not member.isreg() or not extension:
                continue
            if path != key and files:
                yield RawSample(shard=shard.name, key=key, end=member.offset, files=files)
                files = {}
            key = path
            if extension not in files and member.size <= MAX_MEMBER:
                files[extension] = _contents(tar, member)
        end = tar.offset
    if files:
        yield RawSample(shard=shard.name, key=key, end=end, files=files)
    # tarfile takes a damaged header, or a file that stops there, for the end of the archive; a true end is zeros.
    if not _at_end(file, end):
        raise tarfile.ReadError(f"damaged or cut at byte {end}")


def split_path(path: str) -> tuple[str, str]:
    """(key, lower-case extension): "a/b.c.Jpg" → ("a/b", "c.jpg")."""
    folder, slash, name = path.rpartition("/")
    stem, _, extension = name.partition(".")
    return f"{folder}{slash}{stem}", extension.lower()


def _contents(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    data = file.read() if file is not None else b""
    if len(data) != member.size:
        raise tarfile.ReadError("breaks off")
    return data


def _at_end(file: IO[bytes], offset: int) -> bool:
    file.seek(offset)
    block = file.read(_BLOCK)
    file.seek(offset)
    return bool(block) and not any(block)
