"""The stream is a pure function of (seed, j) and keeps held-out pictures out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato_train.data.scenes.catalogue import in_split
from sfumato_train.data.store import PictureStore
from sfumato_train.data.stream import Batch, StreamConfig, TrainingStream, concept_id, make_sample
from support.cast_store import few


@pytest.fixture(scope="module")
def stream(cast_store: PictureStore) -> TrainingStream:
    return TrainingStream(cast_store, StreamConfig(), seed=7)


def assert_equal(first: Batch, second: Batch) -> None:
    np.testing.assert_array_equal(first.pictures, second.pictures)
    np.testing.assert_array_equal(first.concepts, second.concepts)
    np.testing.assert_array_equal(first.records, second.records)
    assert first.captions == second.captions


def test_shapes_and_types(stream: TrainingStream) -> None:
    batch = stream.batch(5, 12)
    assert batch.pictures.shape == (12, 64, 64, 4)
    assert batch.pictures.dtype == np.uint8
    assert (batch.pictures[..., :3] <= batch.pictures[..., 3:]).all()
    assert batch.concepts.shape == batch.records.shape == (12,)
    assert batch.concepts.dtype == batch.records.dtype == np.int64
    assert len(batch.captions) == 12
    assert all(isinstance(text, str) and text for text in batch.captions)


def test_a_fresh_stream_on_a_fresh_store_gives_the_same(cast_store: PictureStore, stream: TrainingStream) -> None:
    other = TrainingStream(PictureStore(cast_store.root), StreamConfig(), seed=7)
    other.batch(900, 30)
    assert_equal(stream.batch(0, 40), other.batch(0, 40))


@few
@given(first=st.integers(0, 10_000), count=st.integers(1, 12), data=st.data())
def test_slices_equal_whole_batches(stream: TrainingStream, first: int, count: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, count))
    whole, head, tail = (
        stream.batch(first, count),
        stream.batch(first, cut),
        stream.batch(first + cut, count - cut),
    )
    joined = Batch(
        pictures=np.concatenate([head.pictures, tail.pictures]),
        captions=head.captions + tail.captions,
        concepts=np.concatenate([head.concepts, tail.concepts]),
        records=np.concatenate([head.records, tail.records]),
    )
    assert_equal(whole, joined)


def test_other_seeds_give_other_samples(cast_store: PictureStore, stream: TrainingStream) -> None:
    other = TrainingStream(cast_store, StreamConfig(), seed=8).batch(0, 40)
    mine = stream.batch(0, 40)
    assert mine.captions != other.captions
    assert len(set(mine.captions)) > 30


def test_nothing_held_out_is_ever_shown(cast_store: PictureStore) -> None:
    config = StreamConfig(scene_fraction=0.7)
    stream = TrainingStream(cast_store, config, seed=1)
    shown = {o.record for j in range(900) for o in stream.sample(j).objects if o.record >= 0}
    assert all(in_split(cast_store.records[i], "train") for i in shown)
    trainable = {i for i, record in enumerate(cast_store.records) if in_split(record, "train")}
    assert shown == trainable


@pytest.mark.parametrize("split", ["heldout_concept", "heldout_pair", "heldout_style"])
def test_a_held_out_split_shows_only_itself(cast_store: PictureStore, split: str) -> None:
    stream = TrainingStream(cast_store, StreamConfig(), seed=1, split=split)
    for j in range(60):
        assert all(o.record < 0 or in_split(cast_store.records[o.record], split) for o in stream.sample(j).objects)


def test_pairs_show_one_concept_in_two_pictures(cast_store: PictureStore) -> None:
    stream = TrainingStream(cast_store, StreamConfig(concept_pairs=1.0, scene_fraction=1.0), seed=3)
    differing = 0
    for k in range(60):
        first, second = stream.sample(2 * k), stream.sample(2 * k + 1)
        a, b = (cast_store.records[s.record] for s in (first, second))
        assert a.concept == b.concept
        if not a.tintable:
            assert first.concept == second.concept == a.concept
            differing += a.style != b.style
    assert differing > 40


def test_the_share_of_pairs_is_as_asked(cast_store: PictureStore) -> None:
    stream = TrainingStream(cast_store, StreamConfig(concept_pairs=0.3, scene_fraction=0.0), seed=3)
    same = [stream.sample(2 * k).concept == stream.sample(2 * k + 1).concept for k in range(200)]
    assert 0.2 < np.mean(same) < 0.5


def test_no_scenes_when_none_are_wanted(cast_store: PictureStore) -> None:
    stream = TrainingStream(cast_store, StreamConfig(scene_fraction=0.0, background_fraction=0.0), seed=3)
    assert {stream.sample(j).kind for j in range(150)} <= {"single", "colour"}


def test_plain_singles_are_the_stored_pictures(cast_store: PictureStore) -> None:
    """Without augmentation and surroundings the stream shows the data set as it is."""
    config = StreamConfig(scene_fraction=0.0, background_fraction=0.0, augment=False, concept_pairs=0.0)
    stream = TrainingStream(cast_store, config, seed=4)
    equal = [
        np.array_equal(s.picture, cast_store.small(s.record))
        for s in (stream.sample(j) for j in range(150))
        if s.kind == "single"
    ]
    assert np.mean(equal) > 0.9


@pytest.mark.parametrize("size", [32, 128, 256])
def test_other_sizes(cast_store: PictureStore, size: int) -> None:
    batch = TrainingStream(cast_store, StreamConfig(size=size), seed=2).batch(0, 12)
    assert batch.pictures.shape == (12, size, size, 4)
    assert (batch.pictures[..., :3] <= batch.pictures[..., 3:]).all()


def test_an_empty_batch(stream: TrainingStream) -> None:
    batch = stream.batch(3, 0)
    assert batch.pictures.shape == (0, 64, 64, 4)
    assert batch.captions == []


@pytest.mark.parametrize("size", [0, 7, 257, 1024])
def test_sizes_that_cannot_be_made(cast_store: PictureStore, size: int) -> None:
    with pytest.raises(InputError, match="choose a size from 8 to 256"):
        TrainingStream(cast_store, StreamConfig(size=size), seed=0)
    with pytest.raises(InputError, match="choose a size"):
        make_sample(cast_store, np.random.default_rng(0), StreamConfig(size=size))


def test_make_sample_draws_from_a_split(cast_store: PictureStore) -> None:
    for seed in range(20):
        sample = make_sample(cast_store, np.random.default_rng(seed), StreamConfig(), split="heldout_concept")
        assert cast_store.records[sample.record].split == "heldout_concept"
    given_record = make_sample(cast_store, np.random.default_rng(0), StreamConfig(), record=3)
    assert given_record.record == 3
    with pytest.raises(InputError, match="no split"):
        make_sample(cast_store, np.random.default_rng(0), StreamConfig(), split="nowhere")


def test_concept_ids_are_stable_and_positive() -> None:
    assert concept_id("red apple") == concept_id("red apple") == 2382225412292013033
    assert concept_id("red apple") != concept_id("green apple")
    assert 0 <= concept_id("") < 2**63
