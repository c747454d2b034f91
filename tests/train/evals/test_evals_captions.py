"""Descriptions and suggestions measured: perplexity against theory, and the whole on a model of random weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.engine.choose import open_engine
from sfumato.text.vocabulary import END, START
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.captions import SPLITS, measure_captions
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.own_clip import OwnClip
from sfumato_train.evals.perplexity import ROWS, log_softmax, perplexity
from sfumato_train.evals.suggestions import suggestions
from support.speaking_bundle import make_speaking_bundle
from support.toy_language import BLUE, CAT, RED, ToyEngine, scores_of
from support.toy_tokenizer import toy_tokenizer

COUNT = 3


def crossed(words: list[int], *, keep: float = 0.0) -> list[float]:
    """-log p of every token of a caption of the table, the end too."""
    pairs = zip([START, *words], [*words, END], strict=True)
    return [-log_softmax(scores_of(last, keep=keep), token) for last, token in pairs]


def test_the_logarithm_of_equal_scores() -> None:
    assert log_softmax(np.full(8, 3, np.float32), 2) == pytest.approx(-math.log(8))
    assert log_softmax(np.array([0, 1000], np.float32), 1) == pytest.approx(0)


def test_perplexity_is_that_of_the_table(tmp_path: Path) -> None:
    engine, tokenizer = ToyEngine(tmp_path), toy_tokenizer(tmp_path)
    captions, numbers = ["red cat", "blue cat", "cat"], [[RED, CAT], [BLUE, CAT], [CAT]]
    lost = [loss for words in numbers for loss in crossed(words)]
    assert perplexity(engine, tokenizer, captions, None) == pytest.approx(math.exp(np.mean(lost)), rel=1e-4)
    seen = [loss for words in numbers for loss in crossed(words, keep=1.0)]
    z_img = np.ones((3, 12), np.float32)
    assert perplexity(engine, tokenizer, captions, z_img) == pytest.approx(math.exp(np.mean(seen)), rel=1e-4)


def test_unknown_words_are_not_asked_for(tmp_path: Path) -> None:
    engine, tokenizer = ToyEngine(tmp_path), toy_tokenizer(tmp_path)
    first = -log_softmax(scores_of(START), RED)
    last = -log_softmax(scores_of(0), END)  # after a word that the table does not know
    found = perplexity(engine, tokenizer, ["red zorblax"], None)
    assert found == pytest.approx(math.exp((first + last) / 2), rel=1e-4)


def test_more_captions_than_a_batch_holds(tmp_path: Path) -> None:
    engine, tokenizer = ToyEngine(tmp_path), toy_tokenizer(tmp_path)
    told: list[tuple[int, int]] = []
    many = perplexity(engine, tokenizer, ["red cat"] * (ROWS + 5), None, tick=lambda *at: told.append(at))
    assert many == pytest.approx(perplexity(engine, tokenizer, ["red cat"], None), rel=1e-6)
    assert told == [(ROWS, ROWS + 5), (ROWS + 5, ROWS + 5)]


@pytest.fixture(scope="module")
def bench(tiny_bundle: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = make_speaking_bundle(tiny_bundle, tmp_path_factory.mktemp("models") / "speaking")
    engine = open_engine("openvino", folder, threads=1)
    config = EvalConfig(prompts=COUNT, captions=6, sheet=2)
    return Bench(
        engine=engine,
        clip=OwnClip(engine),
        store=PictureStore(tiny_data),
        config=config,
        out=tmp_path_factory.mktemp("captions"),
    )


@pytest.fixture(scope="module", autouse=True)
def few_captions() -> Iterator[None]:
    """Of the stream's captions a few are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sfumato_train.evals.suggestions.SAID_IN_TRAINING", 64)
        yield


@pytest.fixture(scope="module")
def scores(bench: Bench, few_captions: None) -> dict[str, float]:
    return measure_captions(bench)


def test_both_lists_are_described_in_every_way(scores: dict[str, float]) -> None:
    for split in SPLITS:
        for system in ("language", "likeliest", "retrieval", "control"):
            prefix = f"captions.{split}.{system}."
            part = {name.removeprefix(prefix): v for name, v in scores.items() if name.startswith(prefix)}
            assert set(part) == {"named", "f1", "top1", "top5", "candidates", "similarity", "distinct", "words"}
            assert all(0 <= part[name] <= 1 for name in ("named", "f1", "top1", "top5", "distinct"))
            assert part["top1"] <= part["top5"]
        assert scores[f"captions.{split}.perplexity"] > 1
        assert scores[f"captions.{split}.perplexity_blind"] > 1


def test_retrieval_never_finds_the_words_of_a_concept_kept_from_training(scores: dict[str, float]) -> None:
    assert scores["captions.heldout_concept.retrieval.named"] == 0


def test_the_control_has_the_same_captions(scores: dict[str, float]) -> None:
    for split in SPLITS:
        for name in ("distinct", "words"):
            assert scores[f"captions.{split}.control.{name}"] == scores[f"captions.{split}.language.{name}"]


def test_sheets_and_lists_are_left_behind(bench: Bench, scores: dict[str, float]) -> None:
    assert scores["captions.suggestions.count"] == COUNT
    assert len((bench.out / "suggestions.txt").read_text().splitlines()) == COUNT
    for split in SPLITS:
        lines = (bench.out / f"described-{split}.md").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 2 + COUNT
        assert all(line.count("|") == 5 for line in lines)
        with Image.open(bench.out / f"described-{split}.png") as image:
            assert image.width > image.height


def test_equal_seeds_measure_the_same(bench: Bench, scores: dict[str, float]) -> None:
    assert measure_captions(bench) == scores


def test_a_model_without_language_is_passed_over(tiny_bundle: Path, tiny_data: Path, tmp_path: Path) -> None:
    engine = open_engine("openvino", tiny_bundle, threads=1)
    store = PictureStore(tiny_data)
    bench = Bench(engine=engine, clip=OwnClip(engine), store=store, config=EvalConfig(), out=tmp_path)
    assert measure_captions(bench) == {}
    assert list(tmp_path.iterdir()) == []


def test_what_training_said_is_not_new(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["a star", "A star!", "an axe"])

    def fake(_model: Any, **_settings: Any) -> list[str]:
        return [next(said)]

    monkeypatch.setattr("sfumato_train.evals.suggestions.suggest", fake)
    monkeypatch.setattr("sfumato_train.evals.suggestions.SAID_IN_TRAINING", 8)
    found = suggestions(bench, None, ["a star", "a cat"])  # type: ignore[arg-type]
    assert found["distinct"] == pytest.approx(2 / 3)
    assert found["novel"] == pytest.approx(1 / 3)
    assert found["held_out"] == pytest.approx(1 / 3)  # the axe is kept from training
