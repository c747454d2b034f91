"""Shards as a training stream: pure in (seed, number), shared by ranks and workers, resumed exactly in mid-epoch."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.data.scale import stream as module
from sfumato_train.data.scale.opening import held_out_stream, training_stream
from sfumato_train.data.scale.places import find_shards
from sfumato_train.data.scale.settings import ShardsConfig
from sfumato_train.data.scale.stream import ShardStream, lanes_for
from sfumato_train.data.scenes.sample import StreamConfig
from sfumato_train.data.stream import Batch, concept_id
from support.raw_shards import good, make_raw, write_tar
from support.shard_ranks import stream_of

SHARDS, PER, BATCH = 8, 15, 8
GOOD = SHARDS * 12
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    root = tmp_path_factory.mktemp("raw")
    return root, make_raw(root, SHARDS, PER, spoilt=True)


def numbers(names: list[str]) -> list[int]:
    return sorted(concept_id(name) for name in names)


def assert_equal(a: Batch, b: Batch) -> None:
    np.testing.assert_array_equal(a.pictures, b.pictures)
    np.testing.assert_array_equal(a.records, b.records)
    np.testing.assert_array_equal(a.concepts, b.concepts)
    assert a.captions == b.captions


def test_batches_look_like_those_of_a_training_stream(raw: tuple[Path, list[str]]) -> None:
    batch = stream_of(str(raw[0]), BATCH).batch(3, 5)
    assert batch.pictures.shape == (5, 16, 16, 4)
    assert batch.pictures.dtype == np.uint8
    assert (batch.pictures[..., :3] <= batch.pictures[..., 3:]).all()
    assert all(caption.startswith("thing ") for caption in batch.captions)
    assert batch.concepts.tolist() == [concept_id(caption) for caption in batch.captions]
    assert stream_of(str(raw[0]), BATCH).batch(0, 0).pictures.shape == (0, 16, 16, 4)


def test_an_epoch_is_everything_once(raw: tuple[Path, list[str]]) -> None:
    stream = stream_of(str(raw[0]), BATCH)
    epochs = [np.concatenate([stream.batch(e * GOOD + n * BATCH, BATCH).records for n in range(12)]) for e in range(2)]
    assert [sorted(epoch.tolist()) for epoch in epochs] == [numbers(raw[1])] * 2
    assert sum(stream.tally.counts.values()) >= SHARDS * 3


def test_once_gives_one_epoch_even_where_lanes_differ(tmp_path: Path) -> None:
    names = [name for shard, per in enumerate((3, 9, 1, 4, 20)) for name in _one_shard(tmp_path, shard, per)]
    stream = stream_of(str(tmp_path), 6)
    read = np.concatenate([batch.records for batch in stream.once()])
    assert sorted(read.tolist()) == numbers(names)


def _one_shard(root: Path, shard: int, per: int) -> list[str]:
    samples = [good(shard, n) for n in range(per)]
    write_tar(root / f"{shard:05d}.tar", samples)
    return [f"{shard:05d}.tar/{key}" for key, _ in samples]


@settings(max_examples=6)
@given(first=st.integers(0, 300), count=st.integers(0, 20), cut=st.integers(0, 20))
def test_slices_equal_whole_batches(raw: tuple[Path, list[str]], first: int, count: int, cut: int) -> None:
    cut = min(cut, count)
    whole = stream_of(str(raw[0]), BATCH).batch(first, count)
    other = stream_of(str(raw[0]), BATCH)
    tail, head = other.batch(first + cut, count - cut), other.batch(first, cut)
    np.testing.assert_array_equal(np.concatenate([head.records, tail.records]), whole.records)
    np.testing.assert_array_equal(np.concatenate([head.pictures, tail.pictures]), whole.pictures)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_threads_changes_nothing(raw: tuple[Path, list[str]], workers: int) -> None:
    other = stream_of(str(raw[0]), BATCH, workers=workers)
    assert_equal(stream_of(str(raw[0]), BATCH).batch(0, 40), other.batch(0, 40))


def test_pickled_and_forked_it_gives_the_same(raw: tuple[Path, list[str]]) -> None:
    stream = stream_of(str(raw[0]), BATCH)
    whole = stream.batch(0, 24)
    assert_equal(pickle.loads(pickle.dumps(stream)).batch(0, 24), whole)
    stream._owner = os.getpid() + 1  # as after a fork
    assert_equal(stream.batch(0, 24), whole)


def run_ranks(raw: Path, folder: Path, *, ranks: int, first: int, last: int) -> dict[tuple[int, int], dict[str, Any]]:
    """Lines by (step, rank) of processes that read at the same time."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    script = ROOT / "tests" / "support" / "shard_ranks.py"
    outs = [folder / f"{first}-{ranks}-{rank}.jsonl" for rank in range(ranks)]
    running = [
        subprocess.Popen(
            [sys.executable, script, raw, folder / "marks", out, *map(str, (rank, ranks, BATCH, first, last))], env=env
        )
        for rank, out in enumerate(outs)
    ]
    assert [child.wait() for child in running] == [0] * ranks
    lines = [json.loads(line) for out in outs for line in out.read_text().splitlines()]
    return {(line["step"], line["rank"]): line for line in lines}


def test_two_ranks_of_two_workers_resume_exactly_in_mid_epoch(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Both ranks are stopped after step 5 of the 12 of an epoch, and go on as new processes."""
    steps = 15
    for name in "ab":
        (tmp_path / name).mkdir()
    whole = run_ranks(raw[0], tmp_path / "a", ranks=2, first=0, last=steps)
    parts = run_ranks(raw[0], tmp_path / "b", ranks=2, first=0, last=5)
    parts |= run_ranks(raw[0], tmp_path / "b", ranks=2, first=5, last=steps)
    assert parts == whole
    epoch = [record for (step, _), line in whole.items() if step < 12 for record in line["records"]]
    assert sorted(epoch) == numbers(raw[1]), "no sample lost or repeated over ranks and workers"
    alone = stream_of(str(raw[0]), BATCH)
    for step in range(steps):
        both = whole[step, 0]["records"] + whole[step, 1]["records"]
        assert alone.batch(step * BATCH, BATCH).records.tolist() == both, "one process sees what two see"


def test_each_rank_opens_its_own_shards_only(raw: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[set[int]] = []
    for rank in range(2):
        stream = stream_of(str(raw[0]), BATCH)
        used: set[int] = set()
        taken = stream._taken

        def noted(runs: Any, taken: Any = taken, used: set[int] = used) -> Any:
            used.update(run[0] for run in runs)
            return taken(runs)

        monkeypatch.setattr(stream, "_taken", noted)
        for step in range(6):
            stream.batch(step * BATCH + rank * 4, 4)
        opened.append(used)
    assert opened == [{0, 1}, {2, 3}]


def test_marks_make_resuming_quick(raw: tuple[Path, list[str]], tmp_path: Path) -> None:
    marked = stream_of(str(raw[0]), BATCH, tmp_path)
    whole = [marked.batch(n * BATCH, BATCH) for n in range(30)]
    files = list((tmp_path / marked.fingerprint).iterdir())
    assert len(files) == 4
    resumed = stream_of(str(raw[0]), BATCH, tmp_path)
    assert_equal(resumed.batch(29 * BATCH, BATCH), whole[29])
    assert sum(resumed.tally.counts.values()) < 12, "not all of 29 steps was read again"


def test_other_settings_have_other_marks(raw: tuple[Path, list[str]]) -> None:
    shards = find_shards(raw[0])

    def mark(config: StreamConfig | None = None, **changes: Any) -> str:
        return ShardStream(shards, config or StreamConfig(), **{"seed": 0, "batch": 8} | changes).fingerprint

    others = [
        mark(seed=1),
        mark(batch=6),
        mark(split="held out"),
        mark(StreamConfig(size=32)),
        mark(StreamConfig(shards=ShardsConfig(window=9))),
        ShardStream(shards[1:], StreamConfig(), seed=0, batch=8).fingerprint,
    ]
    assert len({mark(), *others}) == 7
    assert mark(StreamConfig(shards=ShardsConfig(workers=7))) == mark()


def test_held_out_samples_are_never_trained_on(raw: tuple[Path, list[str]]) -> None:
    config = StreamConfig(size=16, shards=ShardsConfig(held_out=0.3, window=5))
    shards = find_shards(raw[0])
    trained = ShardStream(shards, config, seed=0, batch=BATCH)
    apart = held_out_stream(shards, config)
    learnt = {r for batch in trained.once() for r in batch.records.tolist()}
    shown = {r for batch in apart.stream.once() for r in batch.records.tolist()}
    assert not learnt & shown
    assert sorted(learnt | shown) == numbers(raw[1])
    assert 0.15 < len(shown) / GOOD < 0.45
    assert apart.stream.split != "train"


def test_sheets_do_not_read_the_shards_again(raw: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    apart = held_out_stream(find_shards(raw[0]), StreamConfig(size=16, shards=ShardsConfig(held_out=0.3)))
    first = apart.batch(0, 6)
    monkeypatch.setattr(apart.stream, "batch", None)
    assert_equal(apart.batch(0, 6), first)


def test_few_samples_are_all_trained_on_and_shown(tmp_path: Path) -> None:
    make_raw(tmp_path, 1, 3)
    stream = held_out_stream(find_shards(tmp_path), StreamConfig(size=16, shards=ShardsConfig(held_out=0)))
    assert stream.stream.split == "train"
    assert len(stream.batch(0, 8).captions) == 8


def test_training_streams_keep_their_marks_in_the_cache(
    raw: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    config = StreamConfig(size=16, shards=ShardsConfig(window=2))
    training_stream(find_shards(raw[0]), config, seed=0, batch=4).batch(0, 40)
    assert list((tmp_path / "shards").rglob("lane-*.jsonl"))


def test_shards_at_a_url(raw: tuple[Path, list[str]]) -> None:
    for path in raw[0].iterdir():
        with fsspec.open(f"memory://stream/{path.name}", "wb") as file:
            file.write(path.read_bytes())
    assert_equal(stream_of("memory://stream", BATCH).batch(5, 30), stream_of(str(raw[0]), BATCH).batch(5, 30))


@pytest.mark.parametrize(("batch", "shards", "lanes"), [(64, 100, 8), (64, 3, 2), (30, 100, 6), (7, 100, 7), (1, 9, 1)])
def test_lanes_divide_the_batch(batch: int, shards: int, lanes: int) -> None:
    assert lanes_for(batch, shards, ShardsConfig()) == lanes


@pytest.mark.parametrize("size", [4, module.MAX_SIZE + 1])
def test_senseless_sizes(raw: tuple[Path, list[str]], size: int) -> None:
    with pytest.raises(InputError, match="choose a size from 8 to 1024"):
        ShardStream(find_shards(raw[0]), StreamConfig(size=size), seed=0, batch=8)
