"""Prompts out of the table: different, reproducible one by one, and beginning with the user's own words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.diffusion import rng
from sfumato.errors import BundleError, Cancelled, InputError
from sfumato.pipeline.model import Model
from sfumato.pipeline.sentences import Chance, drawn
from sfumato.pipeline.suggest import ROOM, begun, suggest
from sfumato.pipeline.watch import Observer
from sfumato.types import Progress
from support.fake_engine import FakeEngine
from support.tiny_bundle import tiny_manifest
from support.toy_language import CAT, RED, ToyEngine, toy_manifest, vocabulary
from support.toy_tokenizer import toy_tokenizer

PLACES = 16


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("toy")
    return Model(engine=ToyEngine(folder, toy_manifest(places=PLACES)), tokenizer=toy_tokenizer(folder))


def test_as_many_as_asked_for_and_no_two_alike(model: Model) -> None:
    found = suggest(model, n=8, seed=3)
    assert len(found) == len(set(found)) == 8
    assert all(found)


def test_a_suggestion_is_the_same_alone(model: Model) -> None:
    together, repeats = suggest(model, n=6, seed=3), 0
    for k, text in enumerate(together):
        (alone,) = suggest(model, n=1, seed=3 + k)
        repeats += alone != text  # only where an earlier one said the same
        assert alone == text or alone in together[:k]
    assert repeats < 6


def test_the_first_of_a_seed_is_drawn_from_its_own_numbers(model: Model) -> None:
    (text,) = suggest(model, seed=11)
    u = rng.uniform(11, (1, PLACES), stream=rng.LANGUAGE)
    (one,) = drawn(model.engine, vocabulary(), u, Chance(temperature=1.0, top_p=1.0), tick=lambda *_: None)
    assert text == vocabulary().spell(one.words)


def test_seeds_and_temperatures_matter(model: Model) -> None:
    assert len({suggest(model, seed=seed)[0] for seed in range(12)}) > 3
    assert {suggest(model, seed=seed, temperature=0)[0] for seed in range(12)} == {"red cat"}
    assert suggest(model, seed=0, temperature=0.0) == suggest(model, seed=1, temperature=1e-9)


@pytest.mark.parametrize("start", ["red", "Red", "a Zorblax", "blue cat,", " cat ", "ast", "red…", "ROT & blau"])
def test_the_users_words_stand_first_as_they_were_typed(model: Model, start: str) -> None:
    for seed in range(5):
        (text,) = suggest(model, start, seed=seed)
        assert text.startswith(start.strip())
        rest = text.removeprefix(start.strip())
        assert rest[0] in " ,", "the user's last word is left alone"
        assert len(rest.strip()) > 1


@pytest.mark.parametrize("start", ["", "  ", "\n"])
def test_no_start_is_no_start(model: Model, start: str) -> None:
    assert suggest(model, start, seed=4) == suggest(model, seed=4)


def test_the_start_is_read_with_what_cannot_be_read_as_unknown(model: Model) -> None:
    beginning = begun(model, vocabulary(), "Red zorblax cat")
    assert beginning.text == "Red zorblax cat"
    assert beginning.words == (RED, 0, CAT)


def test_a_start_without_room_is_refused(model: Model) -> None:
    longest = PLACES - 2 - 1 - ROOM
    assert suggest(model, " ".join(["cat"] * longest), seed=0)
    with pytest.raises(InputError, match=rf"longer than the model can go on from \({longest} tokens\); shorten it"):
        suggest(model, " ".join(["cat"] * (longest + 1)), seed=0)
    with pytest.raises(InputError, match="shorten it"):
        suggest(model, "cat " * 200, seed=0)


@pytest.mark.parametrize(("start", "words"), [("a\x00b", "control character"), ("x" * 1001, "1001 characters")])
def test_a_start_is_a_prompt(model: Model, start: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        suggest(model, start, seed=0)


def test_what_cannot_be_found_is_said(model: Model) -> None:
    with pytest.raises(InputError, match="No more than 1 different suggestions were found; raise the temperature"):
        suggest(model, n=2, seed=0, temperature=0)


def test_the_models_own_temperature_is_the_default(tmp_path: Path) -> None:
    cold = Model(
        engine=ToyEngine(tmp_path, toy_manifest(temperature=0.0, places=PLACES)), tokenizer=toy_tokenizer(tmp_path)
    )
    assert {suggest(cold, seed=seed)[0] for seed in range(6)} == {"red cat"}
    assert len({suggest(cold, seed=seed, temperature=1.5)[0] for seed in range(12)}) > 2


def test_one_that_comes_to_an_end_is_preferred(tmp_path: Path) -> None:
    """With room for few words most sentences are cut; those that end of themselves are looked for first."""
    narrow = Model(engine=ToyEngine(tmp_path, toy_manifest(places=6)), tokenizer=toy_tokenizer(tmp_path))
    found = [suggest(narrow, seed=seed)[0] for seed in range(40)]
    whole = {"red cat", "blue cat"}
    assert sum(text in whole for text in found) > 30
    first = [drawn_once(narrow, seed) for seed in range(40)]
    assert sum(text in whole for text in first) < sum(text in whole for text in found)


def drawn_once(model: Model, seed: int) -> str:
    """The first draw of a seed, whatever its end."""
    u = rng.uniform(seed, (1, 6), stream=rng.LANGUAGE)
    (one,) = drawn(model.engine, vocabulary(), u, Chance(temperature=1.0, top_p=1.0), tick=lambda *_: None)
    return vocabulary().spell(one.words)


def test_without_a_language_model_it_says_so(tmp_path: Path) -> None:
    model = Model(engine=FakeEngine(tiny_manifest()), tokenizer=toy_tokenizer(tmp_path))
    with pytest.raises(BundleError, match="has no language model"):
        suggest(model, seed=0)


def test_progress_counts_the_suggestions(model: Model) -> None:
    seen: list[Progress] = []
    suggest(model, n=3, seed=0, observer=Observer(progress=seen.append))
    assert [one.picture for one in seen] == sorted(one.picture for one in seen)
    assert {one.picture for one in seen} == {1, 2, 3}
    assert {(one.stage, one.pictures) for one in seen} == {("language", 3)}


def test_it_stops_between_two_words(model: Model) -> None:
    done: list[Progress] = []
    with pytest.raises(Cancelled):
        suggest(model, n=9, seed=0, observer=Observer(progress=done.append, cancelled=lambda: len(done) >= 5))
    assert len(done) == 5


@settings(max_examples=40)
@given(seed=st.integers(0, 2**40), temperature=st.floats(0.1, 2))
def test_suggestions_are_sentences(model: Model, seed: int, temperature: float) -> None:
    (text,) = suggest(model, seed=seed, temperature=temperature)
    numbers = vocabulary().numbers(model.tokenizer.pieces(text))
    assert vocabulary().whole(numbers)
    assert np.all(np.array(numbers) >= RED)
