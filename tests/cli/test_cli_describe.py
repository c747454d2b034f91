"""sfumato describe: a line a description, JSON, and one sentence where something is wrong."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.painter import one_sentence
from support.talker import Talker

Run = Callable[..., Any]


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> type[Talker]:
    class Fresh(Talker):
        asked: list[dict[str, Any]] = []  # noqa: RUF012

    monkeypatch.setattr("sfumato.api.Sfumato", Fresh)
    return Fresh


def test_one_description_on_one_line(talker: type[Talker], run: Run) -> None:
    ran = run("describe", "cat.png")
    assert (ran.code, ran.lines, ran.err) == (0, ["a cat, number 0"], "")
    assert talker.asked == [{"model": "sticker", "picture": Path("cat.png"), "n": 1}]


@pytest.mark.parametrize("option", ["-n", "--number"])
def test_several_best_first(talker: type[Talker], run: Run, option: str) -> None:
    assert run("describe", "cat.png", option, 3).lines == [f"a cat, number {k}" for k in range(3)]


def test_the_model_can_be_named(talker: type[Talker], run: Run) -> None:
    run("describe", "cat.png", "--model", "mine")
    assert talker.asked[0]["model"] == "mine"


def test_json_is_one_document(talker: type[Talker], run: Run) -> None:
    said = json.loads(run("describe", "cat.png", "-n", 2, "--json").out)
    rows = [{"text": "a cat, number 0", "score": 0.75}, {"text": "a cat, number 1", "score": 0.5}]
    assert said == {"picture": "cat.png", "descriptions": rows}


def test_ctrl_c_stops_between_two_words(talker: type[Talker], run: Run) -> None:
    talker.before_word = staticmethod(lambda word: signal.raise_signal(signal.SIGINT) if word == 2 else None)
    ran = run("describe", "cat.png")
    assert (ran.code, ran.out, ran.err) == (130, "", "Stopped.\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nowhere.png"], ["nowhere.png"]),
        (["cat.png", "-n", 0], ["number of descriptions 0", "1 to 20"]),
        (["cat.png", "-n", 21], ["number of descriptions 21"]),
        (["words.txt"], ["words.txt"]),
        (["cat.png"], ["tiny has no language model; choose another model"]),
        (["cat.png", "--model", "nobody"], ["no model named 'nobody'"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tiny_bundle: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[Any], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save("cat.png")
    Path("words.txt").write_text("a cat\n")
    model = [] if "--model" in argv else ["--model", tiny_bundle]
    if "nowhere.png" in argv or "words.txt" in argv:
        pytest.importorskip("sfumato.picture.read")
        model = ["--model", speaking_bundle(tiny_bundle, tmp_path)]
    ran = run("describe", *argv, *model)
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words), ran.err


def speaking_bundle(tiny: Path, folder: Path) -> Path:
    """The tiny bundle with a manifest that promises a language model, of which nothing is needed here."""
    from support.speaking_bundle import make_speaking_bundle  # noqa: PLC0415

    return make_speaking_bundle(tiny, folder / "speaking")


def test_without_a_picture_it_says_how(run: Run) -> None:
    ran = run("describe")
    assert ran.code == 2
    assert one_sentence(ran.err, "PICTURE", "describe --help")
