"""Small WebDataset shards such as come from outside, with whatever is wrong with them put there on purpose."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sfumato_train.data.scale.places import Shard

Files = Mapping[str, bytes]


def picture(number: int, size: tuple[int, int] = (24, 20), *, format: str = "JPEG", mode: str = "RGB") -> bytes:
    """A file of `size` (width, height) with a pattern of its own for each number, smooth so that JPEG keeps it."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (4, 4, len(mode)), dtype=np.uint8)
    image = Image.fromarray(coarse).convert(mode).resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, format, quality=95)
    return file.getvalue()


def tar_bytes(samples: Sequence[tuple[str, Files]], format: int = tarfile.USTAR_FORMAT) -> bytes:
    """A shard of (key, files by extension)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as tar:
        for key, files in samples:
            for extension, data in files.items():
                info = tarfile.TarInfo(f"{key}.{extension}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def write_tar(path: Path, samples: Sequence[tuple[str, Files]]) -> Shard:
    """The shard, written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = tar_bytes(samples)
    path.write_bytes(data)
    return Shard(url=str(path), size=len(data))


def good(shard: int, number: int) -> tuple[str, Files]:
    """A sample that nothing is wrong with."""
    return key(shard, number), {"jpg": picture(shard * 1000 + number), "txt": f"thing {shard} {number}".encode()}


def key(shard: int, number: int) -> str:
    return f"{shard:05d}{number:04d}"


def make_raw(root: Path, shards: int, per: int, *, spoilt: bool = False) -> list[str]:
    """Writes shards 00000.tar …; with `spoilt` every fifth sample has one of four faults. Names of the good samples."""
    names = []
    for shard in range(shards):
        samples = [good(shard, number) for number in range(per)]
        for number in range(0, per if spoilt else 0, 5):
            samples[number] = (samples[number][0], SPOIL[number // 5 % len(SPOIL)](samples[number][1]))
        write_tar(root / f"{shard:05d}.tar", samples)
        names += [f"{shard:05d}.tar/{key(shard, n)}" for n in range(per) if not spoilt or n % 5]
    return names


def _truncated(files: Files) -> Files:
    return {**files, "jpg": files["jpg"][: len(files["jpg"]) // 2]}


SPOIL = (
    _truncated,
    lambda files: {"jpg": files["jpg"]},
    lambda files: {**files, "json": b"{not json"},
    lambda files: {"txt": files["txt"]},
)
SPOILT = ("unreadable picture", "no caption", "bad json", "no picture")
