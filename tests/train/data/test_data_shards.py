"""Shards: standard tar files, places that hold the PNG, nothing half-written, the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfumato_train.data.shards import Sample, write_shards

READER = """
import sys, webdataset
for found in webdataset.WebDataset(sys.argv[1:], shardshuffle=False):
    print(found["__key__"], len(found["png"]), sep=":")
"""


def sample(n: int) -> Sample:
    return f"key-{n}", {"png": bytes([n]) * (n * 300 + 1), "json": b'{"n": %d}' % n, "txt": b"a name"}


def samples(count: int) -> Iterator[Sample]:
    return (sample(n) for n in range(count))


@pytest.mark.parametrize(("count", "shards"), [(0, 0), (1, 1), (3, 1), (4, 2), (7, 3)])
def test_so_many_samples_fill_so_many_shards(tmp_path: Path, count: int, shards: int) -> None:
    spans = list(write_shards(tmp_path, "p", samples(count), per_shard=3))
    assert len(spans) == count
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"p-{i:05d}.tar" for i in range(shards)]


def test_places_hold_the_pngs(tmp_path: Path) -> None:
    for n, span in enumerate(list(write_shards(tmp_path, "p", samples(7), per_shard=3))):
        data = (tmp_path / span.shard).read_bytes()[span.offset : span.offset + span.length]
        assert data == sample(n)[1]["png"]


def test_other_programs_read_them(tmp_path: Path) -> None:
    list(write_shards(tmp_path, "p", samples(5), per_shard=3))
    with tarfile.open(tmp_path / "p-00001.tar") as tar:
        assert tar.getnames()[:3] == ["key-3.png", "key-3.json", "key-3.txt"]
    # In a process of its own, because WebDataset leaves closing files to the garbage collector.
    urls = [str(tmp_path / f"p-0000{i}.tar") for i in range(2)]
    done = subprocess.run([sys.executable, "-c", READER, *urls], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"key-{n}:{n * 300 + 1}" for n in range(5)]


def test_equal_samples_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        list(write_shards(tmp_path / name, "p", samples(4)))
    assert (tmp_path / "a/p-00000.tar").read_bytes() == (tmp_path / "b/p-00000.tar").read_bytes()


def test_failing_source_leaves_whole_shards_only(tmp_path: Path) -> None:
    def broken() -> Iterator[Sample]:
        yield from samples(4)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(write_shards(tmp_path, "p", broken(), per_shard=3))
    assert [p.name for p in tmp_path.iterdir()] == ["p-00000.tar"]


def test_reader_that_walks_away_leaves_whole_shards_only(tmp_path: Path) -> None:
    writing = write_shards(tmp_path, "p", samples(9), per_shard=3)
    for _ in range(5):
        next(writing)
    writing.close()
    assert [p.name for p in tmp_path.iterdir()] == ["p-00000.tar"]


def test_old_shard_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    old = tmp_path / "p-00000.tar"
    old.write_bytes(b"old")
    writing = write_shards(tmp_path, "p", samples(2))
    next(writing)
    assert old.read_bytes() == b"old"
    list(writing)
    assert tarfile.is_tarfile(old)
