"""sfumato suggest: a line a prompt, JSON with the seed, and one sentence where something is wrong."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.painter import one_sentence
from support.talker import Talker

Run = Callable[..., Any]


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> type[Talker]:
    class Fresh(Talker):
        asked: list[dict[str, Any]] = []  # noqa: RUF012

    monkeypatch.setattr("sfumato.api.Sfumato", Fresh)
    return Fresh


def test_four_made_up_ones(talker: type[Talker], run: Run) -> None:
    ran = run("suggest", "--seed", 7)
    assert (ran.code, ran.lines, ran.err) == (0, ["cat 7", "cat 8", "cat 9", "cat 10"], "")
    assert talker.asked == [{"model": "sticker", "start": "", "n": 4, "seed": 7, "temperature": None}]


def test_a_start_a_number_and_a_temperature(talker: type[Talker], run: Run) -> None:
    options = ["-n", 1, "--seed", 3, "--temperature", 0.5, "--model", "mine"]
    assert run("suggest", "a big", *options).lines == ["a big cat 3"]
    assert talker.asked == [{"model": "mine", "start": "a big", "n": 1, "seed": 3, "temperature": 0.5}]


def test_without_a_seed_one_is_chosen_and_told(talker: type[Talker], run: Run) -> None:
    said = [json.loads(run("suggest", "--json").out) for _ in range(2)]
    for document in said:
        assert 0 <= document["seed"] < 2**31
        assert document["suggestions"][0] == f"cat {document['seed']}"
    assert said[0]["seed"] != said[1]["seed"]


def test_json_is_one_document(talker: type[Talker], run: Run) -> None:
    said = json.loads(run("suggest", "a", "-n", 2, "--seed", 1, "--json").out)
    assert said == {"start": "a", "seed": 1, "suggestions": ["a cat 1", "a cat 2"]}


def test_ctrl_c_stops_between_two_words(talker: type[Talker], run: Run) -> None:
    talker.before_word = staticmethod(lambda word: signal.raise_signal(signal.SIGINT) if word == 2 else None)
    ran = run("suggest")
    assert (ran.code, ran.out, ran.err) == (130, "", "Stopped.\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["-n", 0], ["number of suggestions 0"]),
        (["-n", 101], ["number of suggestions 101"]),
        (["--seed", -1], ["seed -1"]),
        (["--seed", 2**63 - 3], ["seed 9223372036854775805"]),
        (["--temperature", -0.5], ["temperature -0.5", "0 to 2"]),
        (["--temperature", "nan"], ["temperature nan"]),
        ([], ["tiny has no language model; choose another model"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tiny_bundle: Path, run: Run, argv: list[Any], words: list[str]) -> None:
    ran = run("suggest", *argv, "--model", tiny_bundle)
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words), ran.err
