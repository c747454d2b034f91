"""sfumato classify on the tiny model: what is printed, which arguments are pictures, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.classify import expand, lines, share, split
from sfumato.errors import InputError
from sfumato.types import Classification
from support.painter import names, one_sentence

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a.png", "b.jpg", "c.webp")):
        noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / name)
    return tmp_path


@pytest.fixture
def classify(run: Run, tiny_bundle: Path) -> Run:
    return lambda *arguments: run("classify", "--model", tiny_bundle, *arguments)


def one(*probabilities: float) -> Classification:
    return Classification(labels=tuple("abc"[: len(probabilities)]), probabilities=probabilities)


def test_one_picture_has_a_line_for_each_label(classify: Run, here: Path) -> None:
    before = names(here)
    ran = classify("a.png", "a red cat", "a blue star", "two hats")
    assert (ran.code, ran.err) == (0, "")
    shares = [float(line.split("%")[0]) for line in ran.lines]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert sorted(line.split("%  ")[1] for line in ran.lines) == ["a blue star", "a red cat", "two hats"]
    assert names(here) == before


def test_the_not_a_hot_dog_app(classify: Run) -> None:
    ran = classify("a.png", "a hot dog", "not a hot dog")
    assert (ran.code, len(ran.lines)) == (0, 2)
    told = json.loads(classify("a.png", "a hot dog", "not a hot dog", "--json").out)["pictures"][0]
    assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert list(told["probabilities"]) == ["a hot dog", "not a hot dog"]
    assert told["label"] == max(told["probabilities"], key=told["probabilities"].get)


def test_several_pictures_have_a_line_each(classify: Run) -> None:
    ran = classify("a.png", "b.jpg", "c.webp", "a cat", "a fox")
    assert ran.code == 0, ran.err
    assert [line.split(":")[0] for line in ran.lines] == ["a.png", "b.jpg", "c.webp"]
    assert all(line.split(": ")[1].startswith(("a cat ", "a fox ")) for line in ran.lines)
    assert all(line.endswith(" %") for line in ran.lines)


def test_a_pattern_that_the_shell_left(classify: Run) -> None:
    told = json.loads(classify("*.png", "*.webp", "a cat", "a fox", "--json").out)
    assert [entry["picture"] for entry in told["pictures"]] == ["a.png", "c.webp"]


def test_several_pictures_say_what_each_alone_says(classify: Run) -> None:
    every = json.loads(classify("a.png", "b.jpg", "a cat", "a fox", "--json").out)["pictures"]
    alone = json.loads(classify("b.jpg", "a cat", "a fox", "--json").out)["pictures"]
    assert every[1:] == alone


def test_templates(classify: Run) -> None:
    plain = json.loads(classify("a.png", "cat", "fox", "--json").out)
    said = json.loads(classify("a.png", "cat", "fox", "--template", "a red {}", "--template", "{}", "--json").out)
    assert said["pictures"][0]["probabilities"] != plain["pictures"][0]["probabilities"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.png"], ("no label",)),
        (["a.png", "b.jpg"], ("no label",)),
        (["a.png", "a cat"], ("'a cat'", "'not a cat'")),
        (["a.png", "a cat", "a cat"], ("'a cat'", "twice")),
        (["a.png", "a cat", ""], ("label is empty",)),
        (["a.png", "a dog", "not a cat"], ("'not a cat'",)),
        (["a.png", "a cat", "a fox", "--template", "an emoji"], ("'an emoji'", "{}")),
        (["none.png", "a cat", "a fox"], ("none.png",)),
        (["a cat", "a fox", "a dog"], ("a cat", "no picture")),
        (["*.tiff", "a cat", "a fox"], ("*.tiff",)),
        (["a.png", "b.gif", "a cat", "a fox"], ("b.gif",)),
        ([".", "a cat", "a fox"], ("folder",)),
    ],
)
def test_what_cannot_be_asked(classify: Run, here: Path, arguments: list[str], words: tuple[str, ...]) -> None:
    before = names(here)
    ran = classify(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words), ran.err
    assert names(here) == before


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "x.png"),
        (b"no picture", "x.png"),
        (b"<svg/>", "x.svg"),
        (b"GIF89a" + b"\0" * 20, "x.gif"),
        (b"\xff\xd8", "x.jpg"),
    ],
)
def test_broken_pictures(classify: Run, here: Path, content: bytes, name: str) -> None:
    (here / name).write_bytes(content)
    before = names(here)
    ran = classify("a.png", name, "a cat", "a fox")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, name), ran.err
    assert names(here) == before


def test_a_truncated_and_a_huge_picture(classify: Run, here: Path) -> None:
    whole = (here / "a.png").read_bytes()
    (here / "half.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (5000, 5000)).save(here / "huge.png")
    for name in ("half.png", "huge.png"):
        ran = classify(name, "a cat", "a fox")
        assert (ran.code, ran.out) == (2, "")
        assert one_sentence(ran.err, name), ran.err


def test_an_unknown_model(run: Run) -> None:
    ran = run("classify", "a.png", "a cat", "a fox", "--model", "nobody")
    assert ran.code == 2
    assert one_sentence(ran.err, "nobody")


def test_which_arguments_are_pictures(here: Path) -> None:
    assert split(["a.png", "a cat", "a fox"]) == (["a.png"], ["a cat", "a fox"])
    assert split(["noend", "b.JPG", "a cat", "x.png"]) == (["noend", "b.JPG"], ["a cat", "x.png"])
    assert split(["?.png"]) == (["a.png"], [])
    assert split(["[ab].*", "dog"]) == (["a.png", "b.jpg"], ["dog"])


def test_a_file_whose_name_looks_like_a_pattern(here: Path) -> None:
    (here / "a[1].png").touch()
    assert expand("a[1].png") == ["a[1].png"]
    with pytest.raises(InputError, match="check the pattern"):
        expand("z*.png")


def test_lines_are_sorted_and_safe_for_a_terminal() -> None:
    assert lines(["x.png"], [one(0.25, 0.75)]) == [" 75.0 %  b", " 25.0 %  a"]
    assert lines(["x\n.png", "y.png"], [one(0.5, 0.5), one(0.1, 0.2, 0.7)]) == [r"x\n.png: a 50.0 %", "y.png: c 70.0 %"]


@pytest.mark.parametrize(("p", "text"), [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.0734, "7.3 %")])
def test_shares(p: float, text: str) -> None:
    assert share(p) == text
