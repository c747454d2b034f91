"""The other prior on the command line: asked for, recorded, and drawn again; older records mean diffusion."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.bundle.manifest import ArPreset
from sfumato.picture import files
from support.painter import Painter, names, one_sentence
from support.tiny_bundle import make_tiny_bundle

Run = Callable[..., Any]
OLD = {  # what version 0.1.0 wrote
    "software": "sfumato 0.1.0", "prompt": "a fox", "seed": 3, "size": 256, "steps": 5, "guidance": 3.0,
    "sampler": "dpmpp_2m", "background": "transparent", "system": "unclip", "model": "tiny", "version": "0.0.1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("ar") / "tiny", ar=ArPreset())


def old_picture(here: Path) -> Path:
    return files.save(here / "old.png", np.zeros((4, 4, 4), np.uint8), OLD)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).copy()


def test_the_prior_reaches_the_painter_and_the_record(painter: type[Painter], run: Run) -> None:
    assert run("draw", "a fox", "--seed", 3, "--prior", "ar", "-o", "fox.png").code == 0
    assert painter.calls[-1]["prior"] == "ar"
    assert json.loads(run("show", "fox.png", "--json").out)["prior"] == "ar"
    assert run("redraw", "fox.png", "-o", "again.png").code == 0
    assert painter.calls[-1]["request"].prior == "ar"


def test_without_a_word_it_is_diffusion(painter: type[Painter], run: Run) -> None:
    run("draw", "a fox", "--seed", 3, "-o", "fox.png")
    assert painter.calls[-1]["prior"] == "diffusion"


def test_a_picture_of_the_first_version_is_drawn_again_by_diffusion(folder: Path, run: Run, here: Path) -> None:
    old = old_picture(here)
    assert run("redraw", old, "--model", folder, "-o", "again.png").code == 0
    drawn = ("draw", "a fox", "--seed", 3, "--size", 256, "--model", folder)
    assert run(*drawn, "-o", "new.png").code == 0
    assert run(*drawn, "--prior", "ar", "-o", "other.png").code == 0
    assert json.loads(run("show", "again.png", "--json").out)["prior"] == "diffusion"
    np.testing.assert_array_equal(pixels(here / "again.png"), pixels(here / "new.png"))
    assert not np.array_equal(pixels(here / "again.png"), pixels(here / "other.png"))


def test_a_picture_by_the_autoregressive_prior_is_drawn_again_to_the_pixel(folder: Path, run: Run, here: Path) -> None:
    run("draw", "a fox", "--seed", 4, "--size", 256, "--model", folder, "--prior", "ar", "-o", "fox.png")
    assert run("redraw", "fox.png", "--model", folder, "-o", "again.png").code == 0
    np.testing.assert_array_equal(pixels(here / "fox.png"), pixels(here / "again.png"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prior", "gan"), ("prior 'gan' is unknown", "diffusion or ar")),
        (("--prior", "ar", "--system", "glide"), ("glide draws without a prior",)),
    ],
)
def test_bad_priors_get_one_sentence(
    folder: Path, run: Run, here: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ran = run("draw", "a fox", "--model", folder, *arguments, "-o", "fox.png")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words)
    assert names(here) == []


def test_a_model_without_it_says_so(tiny_bundle: Path, run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "--model", tiny_bundle, "--prior", "ar", "-o", "fox.png")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, "The model tiny has no autoregressive prior", "another model")
    assert names(here) == []
