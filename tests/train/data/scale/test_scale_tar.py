"""Samples of a shard, from any place in it; damage ends it without taking what came before."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.data.scale import tar as module
from sfumato_train.data.scale.places import Shard
from sfumato_train.data.scale.tar import BrokenShard, RawSample, read_shard, readable, split_path
from support.raw_shards import tar_bytes, write_tar

SAMPLES = [(f"k{n}", {"jpg": bytes([n]) * (n * 400 + 1), "json": b"{}", "txt": b"words"}) for n in range(6)]


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    return write_tar(tmp_path / "00000.tar", SAMPLES)


def parts(samples: list[RawSample]) -> list[tuple[str, dict[str, bytes]]]:
    return [(sample.key, sample.files) for sample in samples]


def test_samples_come_whole_and_in_order(shard: Shard) -> None:
    found = list(read_shard(shard))
    assert parts(found) == SAMPLES
    assert found[2].name == "00000.tar/k2"


def test_reading_goes_on_at_the_end_of_any_sample(shard: Shard) -> None:
    whole = list(read_shard(shard))
    for number, sample in enumerate(whole):
        assert parts(list(read_shard(shard, sample.end))) == SAMPLES[number + 1 :]


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_foreign_names_have_their_places_too(tmp_path: Path, format: int) -> None:
    samples = [(f"{'long/' * 40}größe-{n}", {"jpg": b"x", "txt": b"y"}) for n in range(4)]
    path = tmp_path / "x.tar"
    path.write_bytes(tar_bytes(samples, format))
    whole = list(read_shard(Shard(url=str(path))))
    assert parts(whole) == samples
    assert parts(list(read_shard(Shard(url=str(path)), whole[1].end))) == samples[2:]


@pytest.mark.parametrize(
    ("path", "parted"),
    [
        ("a/b.c.JPG", ("a/b", "c.jpg")),
        ("x.y/z.txt", ("x.y/z", "txt")),
        ("plain", ("plain", "")),
        (".hidden", ("", "hidden")),
    ],
)
def test_keys_end_at_the_first_dot_of_the_name(path: str, parted: tuple[str, str]) -> None:
    assert split_path(path) == parted


def test_folders_links_and_second_files_are_passed_over(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, kind in [("d", tarfile.DIRTYPE), ("k.lnk", tarfile.SYMTYPE), ("k.jpg", b"first"), ("k.jpg", b"no")]:
            info = tarfile.TarInfo(name)
            if name == "k.jpg" and isinstance(kind, bytes):
                info.size = len(kind)
                tar.addfile(info, io.BytesIO(kind))
            else:
                info.type = kind
                info.linkname = "/etc/passwd"
                tar.addfile(info)
    (tmp_path / "x.tar").write_bytes(file.getvalue())
    assert parts(list(read_shard(Shard(url=str(tmp_path / "x.tar"))))) == [("k", {"jpg": b"first"})]


def test_files_beyond_the_limit_are_not_read(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBER", 1000)
    found = list(read_shard(shard))
    assert [("jpg" in sample.files) for sample in found] == [True, True, True, False, False, False]


def test_an_empty_archive_has_no_samples(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(bytes(10240))
    assert list(read_shard(Shard(url=str(tmp_path / "x.tar")))) == []


def test_an_empty_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "x.tar").touch()
    with pytest.raises(BrokenShard, match=r"x\.tar: "):
        list(read_shard(Shard(url=str(tmp_path / "x.tar"))))


def read_until_broken(shard: Shard) -> tuple[list[RawSample], str]:
    found: list[RawSample] = []
    try:
        for sample in read_shard(shard):
            found.append(sample)
    except BrokenShard as error:
        return found, str(error)
    return found, ""


@settings(max_examples=40)
@given(cut=st.integers(1, len(tar_bytes(SAMPLES)) - 1))
def test_a_shard_that_breaks_off_gives_what_was_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    data = tar_bytes(SAMPLES)
    path = tmp_path_factory.mktemp("cut") / "c.tar"
    path.write_bytes(data[:cut])
    found, complaint = read_until_broken(Shard(url=str(path)))
    ends = [sample.end for sample in read_all(data, tmp_path_factory)]
    assert sum(end <= cut for end in ends) <= len(found) + 1, "all but the sample that was being read"
    assert parts(found[:-1]) == SAMPLES[: max(0, len(found) - 1)]
    assert complaint.startswith("c.tar: ") or cut > ends[-1]
    assert [raw.key for _, raw in readable(Shard(url=str(path)))] == [raw.key for raw in found]


def read_all(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[RawSample]:
    path = tmp_path_factory.mktemp("all") / "c.tar"
    path.write_bytes(data)
    return list(read_shard(Shard(url=str(path))))


@settings(max_examples=40)
@given(place=st.integers(0, 511).filter(lambda place: place not in {154, 155}), member=st.integers(0, 17))
def test_a_damaged_header_is_told(tmp_path_factory: pytest.TempPathFactory, place: int, member: int) -> None:
    data = bytearray(tar_bytes(SAMPLES))
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as tar:
        offset = tar.getmembers()[member].offset
    data[offset + place] ^= 0x55  # but for the two bytes after the checksum, which nobody reads
    path = tmp_path_factory.mktemp("flip") / "c.tar"
    path.write_bytes(data)
    found, complaint = read_until_broken(Shard(url=str(path)))
    assert complaint.startswith("c.tar: ")
    assert len(found) <= member // 3 + 1


def test_a_missing_shard_is_broken_and_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenShard, match=r"^gone\.tar: "):
        list(read_shard(Shard(url=str(tmp_path / "gone.tar"))))
    assert list(readable(Shard(url=str(tmp_path / "gone.tar")))) == []


class Flaky(io.BytesIO):
    """A file whose connection is lost whenever `lost` more bytes were read."""

    def __init__(self, data: bytes, lost: int) -> None:
        super().__init__(data)
        self.left = lost

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.left -= len(data)
        if self.left < 0:
            raise ConnectionResetError("lost")
        return data


@pytest.mark.parametrize("lost", [8000, 13000])
def test_a_lost_connection_is_taken_up_again(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    opened = 0

    def flaky(shard: Shard) -> Flaky:
        nonlocal opened
        opened += 1
        return Flaky(tar_bytes(SAMPLES), lost)

    monkeypatch.setattr(module, "PAUSE", 0.0)
    monkeypatch.setattr(module, "open_shard", flaky)
    assert parts(list(read_shard(Shard(url="x.tar")))) == SAMPLES
    assert opened > 1


def test_a_connection_that_stays_lost_breaks_the_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waited.append)
    monkeypatch.setattr(module, "open_shard", lambda shard: Flaky(tar_bytes(SAMPLES), 100))
    with pytest.raises(BrokenShard, match=r"x\.tar: lost"):
        list(read_shard(Shard(url="x.tar")))
    assert waited == [1.0, 2.0, 4.0]


def test_memory_does_not_grow_with_the_shard(tmp_path: Path) -> None:
    shard = write_tar(tmp_path / "big.tar", [(f"{n:06d}", {"txt": b"x" * 2000}) for n in range(3000)])
    tracemalloc.start()
    try:
        peaks = []
        for number, _ in enumerate(read_shard(shard)):
            if number in {500, 2999}:
                peaks.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 50_000, "3,000 samples hold six million bytes"
