"""The language model step by step: what it is told, what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import BundleError
from sfumato.pipeline.speech import Speech, language_shape, read_vocabulary
from sfumato.text.vocabulary import START
from support.fake_engine import FakeEngine
from support.tiny_bundle import SHAPE, tiny_manifest
from support.toy_language import AST, BLUE, CAT, PIECES, PLACES, RED, P, ToyEngine, V, scores_of


@pytest.fixture
def engine(tmp_path: Path) -> ToyEngine:
    return ToyEngine(tmp_path)


def test_it_begins_with_the_picture_and_the_start(engine: ToyEngine) -> None:
    speech = Speech(engine, None, rows=3)
    scores = speech.begin()
    assert scores.shape == (3, V)
    np.testing.assert_array_equal(scores[0], scores_of(START))
    assert engine.told() == [[0] * 3] * P + [[START] * 3]
    assert [inputs["place"].tolist() for _, inputs in engine.calls] == [[k] * 3 for k in range(P + 1)]
    assert speech.room == PLACES - P - 1


def test_without_a_picture_it_is_told_so(engine: ToyEngine) -> None:
    Speech(engine, None, rows=2).begin()
    _, inputs = engine.calls[0]
    assert inputs["keep_z"].tolist() == [0, 0]
    assert not inputs["z_img"].any()


def test_every_row_sees_the_picture(engine: ToyEngine) -> None:
    z_img = np.arange(SHAPE.E, dtype=np.float32)[None]
    scores = Speech(engine, z_img, rows=2).begin()
    _, inputs = engine.calls[0]
    assert inputs["keep_z"].tolist() == [1, 1]
    np.testing.assert_array_equal(inputs["z_img"], np.repeat(z_img, 2, axis=0))
    np.testing.assert_array_equal(scores[1], scores_of(START, keep=1))


def test_shapes_stay_the_same_so_that_a_graph_is_compiled_once(engine: ToyEngine) -> None:
    speech = Speech(engine, None, rows=2)
    speech.begin()
    while speech.room:
        speech.read(np.array([RED, CAT]))
    shapes = {tuple((name, a.shape, str(a.dtype)) for name, a in inputs.items()) for _, inputs in engine.calls}
    assert len(shapes) == 1
    assert len(engine.calls) == PLACES


def test_rows_can_be_taken_over(engine: ToyEngine) -> None:
    speech = Speech(engine, None, rows=3)
    speech.begin()
    speech.read(np.array([RED, BLUE, AST]))
    speech.keep(np.array([1, 1, 0]))
    speech.read(np.array([CAT, CAT, CAT]))
    past = engine.calls[-1][1]["past"]
    assert past[:, 0, 0, 0, P + 1, 0].tolist() == [BLUE, BLUE, RED]


def test_a_full_cache_is_a_mistake_of_ours(engine: ToyEngine) -> None:
    speech = Speech(engine, None, rows=1)
    speech.begin()
    for _ in range(speech.room):
        speech.read(np.array([CAT]))
    with pytest.raises(AssertionError, match="full"):
        speech.read(np.array([CAT]))


def test_the_vocabulary_is_the_bundles(engine: ToyEngine) -> None:
    assert read_vocabulary(engine).pieces == PIECES


@pytest.mark.parametrize("asked", [language_shape, read_vocabulary])
def test_a_bundle_without_a_language_model_says_so(asked: object) -> None:
    with pytest.raises(BundleError, match="model tiny has no language model; choose another model"):
        asked(FakeEngine(tiny_manifest()))  # type: ignore[operator]
