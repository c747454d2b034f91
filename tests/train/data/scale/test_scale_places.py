"""Shards by folder, pattern, braces and URL; what is a built data set and what is not."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from sfumato.errors import InputError
from sfumato_train.data.scale.places import Shard, find_shards, full_url, means_shards, open_shard


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/00001.tar", "a/00000.tar", "a/b/00002.tar", "a/00000.parquet", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))
    return tmp_path / "a"


def names(shards: list[Shard]) -> list[str]:
    return [shard.name for shard in shards]


def test_a_folder_means_its_tar_files_at_any_depth_in_order(folder: Path) -> None:
    shards = find_shards(folder)
    assert names(shards) == ["00000.tar", "00001.tar", "00002.tar"]
    assert [shard.size for shard in shards] == [11, 11, 13]
    assert open_shard(shards[0]).read() == b"x" * 11


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("0*.tar", ["00000.tar", "00001.tar"]),
        ("{00000..00001}.tar", ["00000.tar", "00001.tar"]),
        ("{00001,b/00002}.tar", ["00001.tar", "00002.tar"]),
        ("**/*2.tar", ["00002.tar"]),
        ("00001.tar", ["00001.tar"]),
    ],
)
def test_patterns(folder: Path, pattern: str, found: list[str]) -> None:
    assert names(find_shards(f"{folder}/{pattern}")) == found
    assert names(find_shards(f"file://{folder}/{pattern}")) == found


def test_a_shard_named_twice_comes_once(folder: Path) -> None:
    assert names(find_shards(f"{folder}/{{00000,00000}}.tar")) == ["00000.tar"]


def test_urls_of_other_systems(tmp_path: Path) -> None:
    with fsspec.open("memory://places/x/00000.tar", "wb") as file:
        file.write(b"hello")
    for where in ("memory://places/x", "memory://places/x/*.tar", Path("memory://places/x/00000.tar")):
        (shard,) = find_shards(where)
        assert shard == Shard(url="memory:///places/x/00000.tar", size=5)
        with open_shard(shard) as file:
            file.seek(1)
            assert file.read() == b"ello"


@pytest.mark.parametrize("scheme", ["memory", "s3", "gs", "https"])
def test_urls_survive_pathlib(scheme: str) -> None:
    assert full_url(Path(f"{scheme}://bucket/key")) == f"{scheme}://bucket/key"


def test_local_urls_survive_pathlib() -> None:
    assert full_url(Path("file:///data/x")) == "file:///data/x"
    assert full_url("C:/data") == "C:/data"
    assert full_url(Path("/data/x")) == "/data/x"


@pytest.mark.parametrize("missing", ["nothing.tar", "none/*.tar", "{00005..00007}.tar", "empty"])
def test_none_is_one_sentence_with_the_place(folder: Path, missing: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"(no shards at|cannot be listed).*; \w+"):
        find_shards(folder / missing)


def test_unknown_kinds_of_url(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be listed.*check the address"):
        find_shards("teapot://x/00000.tar")
    with pytest.raises(InputError, match=r"cannot be listed"):
        find_shards("pipe:cat /etc/passwd.tar")


def test_an_unbalanced_brace_is_a_character(tmp_path: Path) -> None:
    (tmp_path / "a{b").mkdir()
    (tmp_path / "a{b" / "0.tar").write_bytes(b"x")
    assert names(find_shards(tmp_path / "a{b")) == ["0.tar"]


def test_what_means_shards(folder: Path, tiny_store: Path) -> None:
    assert means_shards(folder)
    assert means_shards("s3://bucket/data")
    assert means_shards("data/{0..9}.tar")
    assert means_shards("data/*.tar")
    assert not means_shards(tiny_store), "a built data set is one, though it is made of shards"
    assert not means_shards(folder / "nowhere")


def test_an_unfinished_build_is_not_learnt_from(folder: Path) -> None:
    (folder / "pictures-00000.tar").touch()
    assert not means_shards(folder)
