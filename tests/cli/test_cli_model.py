"""The command on a whole small model: pictures again to the pixel, and every bad input with its sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.painter import names, one_sentence

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with the small model installed under its name."""
    monkeypatch.setenv("SFUMATO_MODELS", str(tiny_bundle.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def draw(run: Run, *argv: object) -> Any:
    return run("draw", "a red cat", "--model", "tiny", *argv)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
@pytest.mark.parametrize(
    "options", [(), ("--background", "#336699", "--guidance", 1.5, "--steps", 3), ("--system", "glide")]
)
def test_redraw_gives_the_same_pixels(run: Run, here: Path, suffix: str, options: tuple[object, ...]) -> None:
    first = draw(run, "--seed", 11, "--size", 256, "-o", f"one{suffix}", *options)
    again = run("redraw", f"one{suffix}", "-o", f"two{suffix}")
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert np.array_equal(pixels(here / f"one{suffix}"), pixels(here / f"two{suffix}"))
    assert pixels(here / f"one{suffix}").shape[:2] == (256, 256)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_every_size_redraws(run: Run, here: Path, size: int) -> None:
    assert draw(run, "--size", size, "-o", "one.png").code == 0
    assert run("redraw", "one.png", "-o", "two.png").code == 0
    assert pixels(here / "one.png").shape == (size, size, 4)
    assert np.array_equal(pixels(here / "one.png"), pixels(here / "two.png"))


def test_a_picture_of_four_redraws_alone_in_another_process(run: Run, here: Path) -> None:
    draw(run, "-n", 4, "--seed", 20, "--size", 256)
    ran = subprocess.run(
        [sys.executable, "-m", "sfumato", "redraw", "a-red-cat-22.png", "-o", "again.png"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "again.png\n", "")
    assert np.array_equal(pixels(here / "a-red-cat-22.png"), pixels(here / "again.png"))


def test_the_best_of_several_candidates_tell_their_similarity_and_redraw(run: Run, here: Path) -> None:
    ran = draw(run, "-n", 2, "--rerank", 4, "--seed", 5, "--size", 256, "--json")
    told = json.loads(ran.out)["pictures"]
    assert all(-1 <= picture["similarity"] <= 1 and picture["seed"] in range(5, 9) for picture in told)
    assert told[0]["similarity"] >= told[1]["similarity"]
    assert all(seconds >= 0 for picture in told for seconds in picture["seconds"].values())
    run("redraw", told[0]["file"], "-o", "again.png")
    assert np.array_equal(pixels(here / told[0]["file"]), pixels(here / "again.png"))


def test_seconds_are_told_by_stage(run: Run) -> None:
    told = json.loads(draw(run, "--size", 1024, "--json").out)["pictures"][0]
    assert {"prior", "decoder", "upsampler_256", "upsampler_1024"} <= set(told["seconds"])
    assert -1 <= told["similarity"] <= 1


def test_a_prompt_that_was_cut_is_drawn_and_said(run: Run, here: Path) -> None:
    ran = run("draw", "cat " * 100, "--model", "tiny", "--size", 256, "-o", "cat.png")
    assert (ran.code, ran.lines) == (0, ["cat.png"])
    assert ran.err.startswith("Note: ")
    assert one_sentence(ran.err, "prompt")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-n", 0), ("0", "1 to 100")),
        (("-n", 1000), ("1000", "1 to 100")),
        (("--seed", -1), ("seed", "-1")),
        (("--seed", 2**63), ("seed", str(2**63))),
        (("--size", 300), ("300", "256", "1024")),
        (("--steps", 0), ("steps", "0")),
        (("--steps", 10**6), ("steps",)),
        (("--guidance", -1), ("guidance",)),
        (("--guidance", "nan"), ("guidance", "nan")),
        (("--guidance", "inf"), ("guidance", "inf")),
        (("--background", "blurple"), ("blurple", "#rrggbb")),
        (("--background", "#12345"), ("#12345",)),
        (("--system", "dalle"), ("dalle", "unclip", "glide")),
        (("--sampler", "magic"), ("magic", "ddim")),
        (("-n", 3, "--rerank", 2), ("candidates 2", "3 to 100")),
    ],
)
def test_a_setting_that_cannot_be_used(
    run: Run, here: Path, options: tuple[object, ...], words: tuple[str, ...]
) -> None:
    ran = draw(run, "-o", "new/", *options)
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words), ran.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("prompt", "word"), [("", "empty"), (" \t ", "empty"), ("x" * 1001, "1001"), ("a\x1bcat", "U+001B")]
)
def test_a_prompt_that_cannot_be_used(run: Run, here: Path, prompt: str, word: str) -> None:
    ran = run("draw", prompt, "--model", "tiny")
    assert (ran.code, ran.out, names(here)) == (2, "", [])
    assert one_sentence(ran.err, word, "prompt"), ran.err


@pytest.mark.parametrize("model", ["unheard-of", "./nowhere", ""])
def test_a_model_that_is_not_there(run: Run, here: Path, model: str) -> None:
    ran = run("draw", "a cat", "--model", model)
    assert (ran.code, ran.out, names(here)) == (2, "", [])
    assert one_sentence(ran.err, model), ran.err


def test_a_model_that_was_tampered_with(run: Run, here: Path, tiny_bundle: Path) -> None:
    shutil.copytree(tiny_bundle, here / "model")
    with (here / "model" / "decoder.bin").open("r+b") as file:
        file.write(b"tampered")
    ran = run("draw", "a cat", "--model", here / "model", "-o", "cat.png")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, "decoder.bin"), ran.err
    assert not (here / "cat.png").exists()


def test_a_model_in_a_folder_is_named_again(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ["SFUMATO_MODELS"] + "/tiny"
    monkeypatch.delenv("SFUMATO_MODELS")
    assert run("draw", "a cat", "--model", folder, "--size", 256, "-o", "one.png").code == 0
    unknown = run("redraw", "one.png", "-o", "two.png")
    assert unknown.code == 2
    assert one_sentence(unknown.err, "tiny"), unknown.err
    assert run("redraw", "one.png", "--model", folder, "-o", "two.png").code == 0
    assert np.array_equal(pixels(here / "one.png"), pixels(here / "two.png"))


def test_another_version_of_the_model_is_refused(run: Run, here: Path, tiny_bundle: Path) -> None:
    assert draw(run, "--size", 256, "-o", "one.png").code == 0
    shutil.copytree(tiny_bundle, here / "new")
    manifest = json.loads((here / "new" / "manifest.json").read_text())
    (here / "new" / "manifest.json").write_text(json.dumps({**manifest, "version": "0.0.2"}))
    refused = run("redraw", "one.png", "--model", here / "new", "-o", "two.png")
    assert refused.code == 2
    assert one_sentence(refused.err, "0.0.1", "0.0.2", "--anyway")
    assert not (here / "two.png").exists()
    assert run("redraw", "one.png", "--model", here / "new", "--anyway", "-o", "two.png").code == 0


def test_drawing_loads_no_torch(here: Path) -> None:
    code = (
        "import sys; from sfumato.cli import main;"
        "print(main(sys.argv[1:]), sorted({'torch', 'scipy', 'sfumato_train'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "draw", "a cat", "--model", "tiny", "--size", "256", "-o", "cat.png"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines() == ["cat.png", "0 []"], ran.stderr
