"""sfumato draw, with a painter that needs no networks: what is asked of it, what is written, what is said."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.picture import metadata
from sfumato.requests.draw import DrawRequest
from support.painter import STEPS, Painter, names, noise, one_sentence

Run = Callable[..., Any]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_in_this_folder_its_name_on_stdout(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a Red fox!", "--seed", 3)
    assert (ran.code, ran.out, ran.err) == (0, "a-red-fox-3.png\n", "")
    assert names(here) == ["a-red-fox-3.png"]
    record = metadata.read(here / "a-red-fox-3.png")
    assert record is not None
    request = DrawRequest.from_record(record)
    assert (request.prompt, request.seed, request.version) == ("a Red fox!", 3, "1.2.3")
    assert np.array_equal(pixels(here / "a-red-fox-3.png"), noise(request))


def test_without_options_the_model_decides(painter: type[Painter], run: Run) -> None:
    run("draw", "a fox")
    assert painter.models == ["sticker"]
    assert painter.calls == [
        {
            "prompt": "a fox",
            "n": 1,
            "seed": None,
            "size": 1024,
            "steps": None,
            "guidance": None,
            "background": "transparent",
            "system": "unclip",
            "prior": "diffusion",
            "sampler": None,
            "rerank": None,
            "similarity": False,
        }
    ]


def test_every_option_reaches_the_facade(painter: type[Painter], run: Run) -> None:
    ran = run(
        *("draw", "-n", 2, "--seed", 9, "--size", 256, "--steps", 4, "--guidance", 2.5),
        *("--background", "#0a0b0c", "--system", "glide", "--sampler", "euler"),
        *("--rerank", 8, "--model", "mine", "-o", "o/", "a fox"),
    )
    assert ran.code == 0, ran.err
    assert painter.models == ["mine"]
    assert painter.calls == [
        {
            "prompt": "a fox",
            "n": 2,
            "seed": 9,
            "size": 256,
            "steps": 4,
            "guidance": 2.5,
            "background": "#0a0b0c",
            "system": "glide",
            "prior": "diffusion",
            "sampler": "euler",
            "rerank": 8,
            "similarity": False,
        }
    ]


def test_a_prompt_that_begins_with_a_dash(painter: type[Painter], run: Run, here: Path) -> None:
    assert run("draw", "--size", 256, "--", "-n is a letter").code == 0
    assert painter.calls[0]["prompt"] == "-n is a letter"


def test_an_existing_file_is_kept_without_o(painter: type[Painter], run: Run, here: Path) -> None:
    first = run("draw", "a fox", "--seed", 3)
    before = (here / first.lines[0]).read_bytes()
    second = run("draw", "a fox", "--seed", 3, "--guidance", 4)
    assert second.lines == ["a-fox-3-2.png"]
    assert (here / "a-fox-3.png").read_bytes() == before


def test_a_named_file_is_replaced(painter: type[Painter], run: Run, here: Path) -> None:
    (here / "fox.png").write_text("old")
    ran = run("draw", "a fox", "-o", "fox.png")
    assert (ran.code, ran.lines, names(here)) == (0, ["fox.png"], ["fox.png"])
    assert pixels(here / "fox.png").shape == (64, 64, 4)


def test_a_folder_is_made(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "--seed", 3, "-o", "new/deep")
    assert ran.lines == [str(Path("new/deep/a-fox-3.png"))]
    assert names(here) == ["new/deep/a-fox-3.png"]


def test_several_pictures_and_a_contact_sheet(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "-n", 3, "--seed", 3)
    assert ran.lines == ["a-fox-3.png", "a-fox-4.png", "a-fox-5.png", "a-fox-3-sheet.png"]
    assert names(here) == sorted(ran.lines)
    record = metadata.read(here / "a-fox-3-sheet.png")
    assert record is not None
    assert (record["prompt"], record["seeds"]) == ("a fox", [3, 4, 5])
    assert "seed" not in record


def test_several_pictures_after_a_file_name(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "-n", 2, "-o", "x/fox.webp")
    assert ran.lines == [str(Path("x") / name) for name in ("fox-1.webp", "fox-2.webp", "fox-sheet.webp")]
    assert all((here / line).is_file() for line in ran.lines)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_every_format_carries_the_record(painter: type[Painter], run: Run, here: Path, suffix: str) -> None:
    assert run("draw", "a fox", "--seed", 3, "-o", f"fox{suffix}").code == 0
    record = metadata.read(here / f"fox{suffix}")
    assert record is not None
    assert (record["prompt"], record["seed"], record["model"]) == ("a fox", 3, "sticker")


def test_jpeg_has_a_white_background_and_says_so(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "-o", "fox.jpg")
    assert painter.calls[0]["background"] == "white"
    assert one_sentence(ran.err, "Note: JPEG", "white", ".webp")
    record = metadata.read(here / "fox.jpg")
    assert record is not None
    assert record["background"] == "#ffffff"


def test_jpeg_with_a_colour_says_nothing(painter: type[Painter], run: Run) -> None:
    ran = run("draw", "a fox", "-o", "fox.jpg", "--background", "#102030")
    assert (painter.calls[0]["background"], ran.err) == ("#102030", "")


def test_json(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "-n", 2, "--seed", 3, "--json")
    told = json.loads(ran.out)
    assert set(told) == {"pictures", "sheet"}
    assert [set(p) for p in told["pictures"]] == [
        {"file", "seed", "similarity", "seconds", "notes", "settings"}
    ] * 2
    assert [(p["file"], p["seed"]) for p in told["pictures"]] == [("a-fox-3.png", 3), ("a-fox-4.png", 4)]
    assert told["sheet"] == "a-fox-3-sheet.png"
    assert told["pictures"][0]["seconds"] == {"decoder": 0.5}
    assert told["pictures"][0]["similarity"] is None  # the stand-in compares nothing
    assert painter.calls[0]["similarity"] is True
    assert told["pictures"][0]["settings"] == metadata.read(here / "a-fox-3.png")


def test_json_of_one_picture_has_no_sheet(painter: type[Painter], run: Run) -> None:
    assert json.loads(run("draw", "a fox", "--json").out)["sheet"] is None


def test_a_note_is_said_once(painter: type[Painter], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painter, "notes", ("The prompt was cut after 30 words.",))
    ran = run("draw", "a fox", "-n", 3)
    assert ran.err == "Note: The prompt was cut after 30 words.\n"
    assert len(ran.lines) == 4


def test_nothing_is_drawn_for_an_unwritable_place(painter: type[Painter], run: Run, here: Path) -> None:
    (here / "file").touch()
    ran = run("draw", "a fox", "-o", "file/fox.png")
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, "file", "not a directory", "--output")
    assert painter.models == []


def test_a_failure_leaves_no_folder(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("draw", "a fox", "--size", 300, "-o", "new/deep")
    assert (ran.code, list(here.iterdir())) == (2, [])
    assert one_sentence(ran.err, "300", "256")


def test_the_bar_is_silent_when_stderr_is_no_terminal(painter: type[Painter], run: Run) -> None:
    assert run("draw", "a fox", "-n", 2).err == ""


def test_pictures_before_a_failed_one_are_whole_and_named(
    painter: type[Painter], run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "x-2.png").mkdir()
    ran = run("draw", "a fox", "-n", 3, "-o", "x.png")
    assert (ran.code, ran.lines) == (2, ["x-1.png"])
    assert one_sentence(ran.err, "x-2.png")
    assert names(here) == ["x-1.png"]
    assert pixels(here / "x-1.png").shape == (64, 64, 4)


def test_cancelled_between_two_steps(painter: type[Painter], run: Run, here: Path) -> None:
    seen = []

    def press(step: int) -> None:
        seen.append(step)
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    painter.before_step = staticmethod(press)
    ran = run("draw", "a fox", "-o", "new/fox.png")
    assert (ran.code, ran.out, ran.err) == (130, "", "Stopped.\n")
    assert seen == [1, 2]
    assert max(seen) < STEPS
    assert list(here.iterdir()) == []
