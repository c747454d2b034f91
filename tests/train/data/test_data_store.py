"""Reading a built data set: pictures by seek, choice of rows, and folders that are no data sets."""

from __future__ import annotations

import json
import shutil
import threading
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.data.build import BuildConfig, build
from sfumato_train.data.record import Record, Span
from sfumato_train.data.store import PictureStore
from support.art_packages import TABLE, ArtPackages


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    config = BuildConfig(out=folder / "out", cache=folder / "cache", workers=1)
    build(config, packages=ArtPackages(folder / "packages"), table=TABLE)
    return config.out


@pytest.fixture
def store(root: Path) -> PictureStore:
    return PictureStore(root)


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root, tmp_path / "copy"))


def test_shapes_and_premultiplied_colour(store: PictureStore) -> None:
    assert len(store) == len(store.records) == len(store.smalls)
    for picture, side in ((store.small(0), 64), (store.picture(0), 256)):
        assert picture.shape == (side, side, 4)
        assert picture.dtype == np.uint8
        assert (picture[..., :3] <= picture[..., 3:]).all()


def test_small_is_a_copy(store: PictureStore) -> None:
    store.small(0)[:] = 7
    assert (store.small(0) != 7).any()


def test_missing_large_picture_is_named(store: PictureStore) -> None:
    i = int(store.select(split=None, train=None, large=False)[0])
    with pytest.raises(InputError, match=f"{store.records[i].key}.*no 1024x1024"):
        store.large(i)


def test_select_meets_every_condition(store: PictureStore) -> None:
    everything = store.select(split=None, train=None)
    assert everything.dtype == np.int64
    np.testing.assert_array_equal(everything, np.arange(len(store)))
    some = store.select(split=None, sources={"round"}, categories={"animals & nature"}, min_weight=0.5)
    assert [store.records[i].name for i in some] == ["snail"]
    assert len(store.select(split=None, train=None, tintable=True)) == 0


def test_splits_part_the_rows(store: PictureStore) -> None:
    parts = [store.select(split=s, train=None) for s in ("train", "heldout_concept", "heldout_pair")]
    assert sorted(np.concatenate(parts)) == list(range(len(store)))


def test_weights_are_the_records(store: PictureStore) -> None:
    assert store.weights.tolist() == [r.weight for r in store.records]


def test_threads_read_without_disturbing_each_other(store: PictureStore) -> None:
    expected = [store.picture(i) for i in range(len(store))]
    wrong: list[int] = []

    def read() -> None:
        for i in np.random.default_rng().permutation(len(store)):
            if not (store.picture(int(i)) == expected[i]).all():
                wrong.append(int(i))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def total(store: PictureStore) -> int:
    return int(sum(int(store.picture(i).sum()) for i in range(len(store))))


def test_store_travels_to_other_processes(store: PictureStore) -> None:
    expected = total(store)
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(total, (store,)) == expected


def test_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a built data set; make one with"):
        PictureStore(tmp_path)


def test_other_version(copy: Path) -> None:
    (copy / "build.json").write_text(json.dumps({"format": "sfumato-pictures-99"}))
    with pytest.raises(InputError, match="another version"):
        PictureStore(copy)


def test_damaged_index(copy: Path) -> None:
    index = copy / "index.jsonl"
    index.write_text(index.read_text()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        PictureStore(copy)


def test_missing_pixels(copy: Path) -> None:
    (copy / "pixels64.npy").unlink()
    with pytest.raises(InputError, match="pixels64"):
        PictureStore(copy)


def test_index_and_pixels_that_differ(copy: Path) -> None:
    lines = (copy / "index.jsonl").read_text().splitlines(keepends=True)
    (copy / "index.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match="inconsistent"):
        PictureStore(copy)


def test_truncated_shard(copy: Path) -> None:
    shard = copy / "pictures-00000.tar"
    shard.write_bytes(shard.read_bytes()[:2000])
    with pytest.raises(InputError, match="truncated"):
        PictureStore(copy).picture(len(PictureStore(copy)) - 1)


def test_missing_shard(copy: Path) -> None:
    (copy / "pictures-00000.tar").unlink()
    with pytest.raises(InputError, match=r"pictures-00000\.tar"):
        PictureStore(copy).picture(0)


SPANS = st.builds(Span, shard=st.text(), offset=st.integers(0), length=st.integers(0))
WORDS = st.lists(st.text()).map(tuple)
RECORDS = st.builds(Record, keywords=WORDS, attributes=WORDS, large=st.none() | SPANS, weight=st.floats(0, 1))


@given(RECORDS)
def test_record_survives_its_line(record: Record) -> None:
    line = record.to_json()
    assert "\n" not in line
    assert Record.from_json(line) == record
