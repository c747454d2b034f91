"""sfumato edit and extend on the small model: files, messages, notes; the facade's work is tested with the pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.picture import metadata
from support.painter import names, one_sentence

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 4), dtype=np.uint8)
    picture[..., 3] = 255
    Image.fromarray(picture).save("fox.png")
    picture[10:30, 10:40, 3] = 0
    Image.fromarray(picture).save("mask.png")
    return tmp_path


@pytest.fixture
def small(tiny_bundle: Path) -> tuple[object, ...]:
    return ("--model", tiny_bundle, "--steps", 1, "--seed", 3, "-n", 1)


def pixels(path: Path | str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_an_edit_keeps_the_rest(run: Run, here: Path, small: tuple[object, ...]) -> None:
    ran = run("edit", "fox.png", "a red cat", "--mask", "mask.png", *small)
    assert (ran.code, ran.out, ran.err) == (0, "a-red-cat-3.png\n", "")
    before, after = pixels("fox.png"), pixels("a-red-cat-3.png")
    marked = pixels("mask.png")[..., 3] == 0
    assert np.array_equal(before[~marked], after[~marked])
    assert not np.array_equal(before[marked], after[marked])
    record = metadata.read(here / "a-red-cat-3.png")
    assert record is not None
    assert [source["name"] for source in record["sources"]] == ["fox.png", "mask.png"]


def test_lossless_webp_keeps_the_rest_too(run: Run, small: tuple[object, ...]) -> None:
    picture = pixels("fox.png").copy()
    picture[:5, :, 3] = 0
    Image.fromarray(picture).save("holes.png")
    assert run("edit", "holes.png", "a cat", "-o", "out.webp", *small).code == 0
    with Image.open("out.webp") as image:
        after = np.asarray(image.convert("RGBA"))
    assert np.array_equal(after[5:], picture[5:])


def test_several_edits_and_a_contact_sheet(run: Run, here: Path, small: tuple[object, ...]) -> None:
    ran = run("edit", "fox.png", "a cat", "--mask", "mask.png", *small[:-2], "-o", "out/")
    assert ran.lines == [f"out/a-cat-{k}.png" for k in ("3", "4", "5", "6", "3-sheet")]
    sheet = pixels("out/a-cat-3-sheet.png")
    assert sheet.shape[:2] == (2 * 40 + 48, 2 * 60 + 48)


def test_extending_and_json(run: Run, small: tuple[object, ...]) -> None:
    ran = run("extend", "fox.png", "a cat", "--left", "50%", "--bottom", 20, "--json", *small)
    told = json.loads(ran.out)["pictures"][0]
    assert (told["seed"], told["settings"]["operation"], told["settings"]["left"]) == (3, "extend", 30)
    out = pixels(told["file"])
    assert out.shape == (60, 90, 4)
    assert np.array_equal(out[:40, 30:], pixels("fox.png"))


def test_show_tells_of_an_edit(run: Run, small: tuple[object, ...]) -> None:
    run("edit", "fox.png", "a cat", "--mask", "mask.png", "-o", "out.png", *small)
    assert "fox.png" in run("show", "out.png").out


def test_jpeg_is_said_not_to_keep_pixels(run: Run, here: Path, small: tuple[object, ...]) -> None:
    ran = run("extend", "fox.png", "a cat", "--top", 5, "-o", "out.jpg", *small)
    assert ran.code == 0
    assert one_sentence(ran.err, "Note: JPEG changes every pixel", ".webp")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("edit", "no.png", "a cat"), ("There is no picture no.png",)),
        (("edit", "fox.png", "a cat"), ("no fully transparent pixels", "give a mask")),
        (("edit", "fox.png", "a cat", "--mask", "fox.png"), ("marks nothing",)),
        (("edit", "fox.png", "a cat", "--mask", "mask.png", "--mask-colour", "red"), ("'red'", "white")),
        (("edit", "fox.png", "a cat", "--mask", "mask.png", "--feather", "-1"), ("feather", "-1")),
        (("edit", "fox.png", " ", "--mask", "mask.png"), ("prompt",)),
        (("edit", ".", "a cat"), ("is a folder",)),
        (("extend", "fox.png", "a cat"), ("Nothing is to be added", "--left")),
        (("extend", "fox.png", "a cat", "--left", "many"), ("'many'", "50%")),
        (("extend", "fox.png", "a cat", "--right", "5000"), ("5060×40", "4096")),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run, here: Path, tiny_bundle: Path, command: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = names(here)
    ran = run(*command, "--model", tiny_bundle, "-o", "out/")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words)
    assert names(here) == before


def test_nothing_is_painted_for_an_unwritable_place(run: Run, here: Path) -> None:
    ran = run("edit", "fox.png", "a cat", "--mask", "mask.png", "-o", "fox.png/out.png", "--model", "no model")
    assert ran.code == 2
    assert one_sentence(ran.err, "fox.png", "--output")
