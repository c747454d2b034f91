"""A picture in words: candidates from the table, sorted by how well they fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import BundleError, Cancelled
from sfumato.pipeline.describe import BEAMS, candidates, describe
from sfumato.pipeline.model import Model
from sfumato.pipeline.speech import read_vocabulary
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.types import Progress
from support.fake_engine import FakeEngine
from support.tiny_bundle import tiny_manifest
from support.toy_language import ToyEngine
from support.toy_tokenizer import toy_tokenizer

PICTURE = np.zeros((1, 4, 64, 64), np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(engine=ToyEngine(tmp_path), tokenizer=toy_tokenizer(tmp_path))


def calls(model: Model, name: str) -> int:
    assert isinstance(model.engine, FakeEngine)
    return sum(called == name for called, _ in model.engine.calls)


def test_as_many_as_asked_for_different_and_best_first(model: Model) -> None:
    for n in (1, 3, 12):
        found = describe(model, PICTURE, n=n)
        assert len(found) == n
        assert len({one.text for one in found}) == n
    scores = [one.score for one in found]
    assert scores == pytest.approx(sorted(scores, reverse=True), abs=0.2)  # likelihood counts a little


def test_the_texts_are_whole_sentences_of_the_vocabulary(model: Model) -> None:
    words = {"red", "blue", "cat", "astronaut"}
    for one in describe(model, PICTURE, n=10):
        parts = one.text.replace(",", " ").replace("naut", "naut ").split()
        assert {part for part in parts if part != "naut"} <= words, one.text
        assert not one.text.endswith(",")


def test_the_score_is_the_cosine_of_the_own_caption(model: Model) -> None:
    """The toy's text tower puts a caption of k tokens at the angle π/(1+k) from every picture."""
    for one in describe(model, PICTURE, n=5):
        tokens = int(model.tokenizer(one.text).txt_mask.sum())
        assert one.score == pytest.approx(np.cos(np.pi / (1 + tokens)), abs=1e-5)


def test_the_picture_is_looked_at_once_and_every_row_sees_it(model: Model) -> None:
    describe(model, PICTURE, n=2)
    assert calls(model, "image") == 1
    assert isinstance(model.engine, ToyEngine)
    for name, inputs in model.engine.calls:
        if name == "language":
            assert inputs["keep_z"].tolist() == [1.0] * BEAMS
            assert np.all(inputs["z_img"][:, 0] == 1)


def test_nothing_is_left_to_chance(model: Model) -> None:
    assert describe(model, PICTURE, n=12) == describe(model, PICTURE, n=12)


def test_fewer_come_first_among_more_of_the_same_candidates(model: Model) -> None:
    assert describe(model, PICTURE, n=2) == describe(model, PICTURE, n=4)[:2]


def test_captions_are_drawn_only_where_the_likeliest_are_too_few(model: Model) -> None:
    watch, vocabulary = Watch(SILENT), read_vocabulary(model.engine)
    z_img = np.ones((1, 12), np.float32)
    few = candidates(model, vocabulary, z_img, count=1, watch=watch)
    once = calls(model, "language")
    many = candidates(model, vocabulary, z_img, count=40, watch=watch)
    assert calls(model, "language") > 2 * once
    assert few.keys() <= many.keys()


def test_without_a_language_model_it_says_so(tmp_path: Path) -> None:
    model = Model(engine=FakeEngine(tiny_manifest()), tokenizer=toy_tokenizer(tmp_path))
    with pytest.raises(BundleError, match="has no language model"):
        describe(model, PICTURE)


def test_progress_names_the_stages(model: Model) -> None:
    seen: list[Progress] = []
    describe(model, PICTURE, observer=Observer(progress=seen.append))
    assert {"image", "language", "text"} == {one.stage for one in seen}
    assert all(1 <= one.step <= one.steps for one in seen)


@pytest.mark.parametrize("after", [0, 1, 4, 9])
def test_it_stops_between_two_words(model: Model, after: int) -> None:
    done: list[Progress] = []
    observer = Observer(progress=done.append, cancelled=lambda: len(done) >= after)
    with pytest.raises(Cancelled):
        describe(model, PICTURE, observer=observer)
    assert len(done) == after
