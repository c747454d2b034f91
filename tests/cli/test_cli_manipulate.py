"""sfumato vary, blend and shift with a painter that needs no networks: what is asked, written and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from sfumato.cli.sheet import GAP
from sfumato.picture import metadata
from support.painter import Painter, names, one_sentence

Run = Callable[..., Any]
USUAL = {"seed": None, "size": 1024, "steps": None, "guidance": None, "background": None}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record_in(path: Path) -> dict[str, Any]:
    record = metadata.read(path)
    assert record is not None
    return record


def test_four_variations_and_a_sheet(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("vary", "some/Cat face.png", "--seed", 3)
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [*(f"cat-face-vary-{k}.png" for k in (3, 4, 5, 6)), "cat-face-vary-3-sheet.png"]
    assert names(here) == sorted(ran.lines)
    record = record_in(here / "cat-face-vary-4.png")
    assert (record["operation"], record["keep"], record["seed"]) == ("vary", "some", 4)
    assert record["sources"] == [{"name": "Cat face.png", "sha256": "ab" * 32}]


def test_without_options_vary_asks_for_the_usual(painter: type[Painter], run: Run) -> None:
    run("vary", "cat.png")
    assert painter.models == ["sticker"]
    assert painter.calls == [{"picture": Path("cat.png"), "n": 4, "keep": "some", "prompt": "", **USUAL}]


def test_every_option_of_vary_reaches_the_facade(painter: type[Painter], run: Run) -> None:
    ran = run(
        *("vary", "cat.png", "-n", 2, "--keep", "none", "--prompt", "a hat", "--seed", 9, "--size", 256, "--steps", 4),
        *("--guidance", 2.5, "--background", "#0a0b0c", "--model", "mine", "-o", "o/"),
    )
    assert ran.code == 0, ran.err
    assert painter.models == ["mine"]
    settings = {"seed": 9, "size": 256, "steps": 4, "guidance": 2.5, "background": "#0a0b0c"}
    assert painter.calls == [{"picture": Path("cat.png"), "n": 2, "keep": "none", "prompt": "a hat", **settings}]


def test_vary_to_jpeg_says_what_is_lost(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("vary", "cat.png", "-n", 1, "-o", "cat2.jpg")
    assert (ran.code, names(here)) == (0, ["cat2.jpg"])
    assert one_sentence(ran.err, "JPEG has no transparency")
    assert run("vary", "cat.png", "-n", 1, "--background", "white", "-o", "cat3.jpg").err == ""


def test_a_blend_is_a_strip_beside_its_pictures(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("blend", "apple.png", "cat.png", "--seed", 7)
    stem = "apple-cat-blend-7"
    assert ran.lines == [*(f"{stem}-{k}.png" for k in range(1, 6)), f"{stem}-strip.png"]
    assert painter.calls == [
        {
            "pictures": [Path("apple.png"), Path("cat.png")],
            "frames": None,
            "weights": None,
            "n": None,
            "noise": None,
            **USUAL,
            "seed": 7,
        }
    ]
    with Image.open(here / f"{stem}-strip.png") as strip:
        assert strip.size == (5 * (64 + GAP) + GAP, 64 + 2 * GAP)
    record = record_in(here / f"{stem}-strip.png")
    assert [frame["weights"] for frame in record["frames"]] == [[1, 0], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0, 1]]
    assert record["seed"] == 7
    assert record_in(here / f"{stem}-2.png")["weights"] == [0.75, 0.25]


def test_a_named_strip(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("blend", "apple.png", "cat.png", "--steps", 3, "-o", "new/strip.webp")
    assert ran.lines == [str(Path("new") / f"strip{part}.webp") for part in ("-1", "-2", "-3", "")]
    assert names(here) == sorted(ran.lines)
    with Image.open(here / "new" / "strip.webp") as strip:
        assert not getattr(strip, "is_animated", False)
    assert painter.calls[0]["frames"] == 3


def test_options_of_blend_reach_the_facade(painter: type[Painter], run: Run) -> None:
    run("blend", "a.png", "b.png", "--decoder-steps", 7, "--noise", "fixed", "--guidance", 2, "--size", 256)
    call = painter.calls[0]
    assert (call["steps"], call["noise"], call["guidance"], call["size"]) == (7, "fixed", 2.0, 256)


@pytest.mark.parametrize(("arguments", "frames"), [(("-o", "turn.gif"), 8), (("--animate", "-o", "turn.webp"), 8)])
def test_an_animation_is_one_file(
    painter: type[Painter], run: Run, here: Path, arguments: tuple[str, ...], frames: int
) -> None:
    ran = run("blend", "apple.png", "cat.png", *arguments)
    assert (ran.code, ran.lines, names(here)) == (0, [arguments[-1]], [arguments[-1]])
    with Image.open(here / arguments[-1]) as image:
        shapes = [np.asarray(frame.convert("RGBA")).shape for frame in ImageSequence.Iterator(image)]
    assert shapes == [(64, 64, 4)] * frames
    assert len(record_in(here / arguments[-1])["frames"]) == 5


def test_an_animation_without_a_name(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("shift", "apple.png", "--to", "a pear", "--animate", "--seed", 7)
    assert ran.lines == ["apple-shift-7-strip.webp"]
    assert names(here) == ran.lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--animate", "-o", "turn.png"), ("turn.png", "cannot move")),
        (("--weights", "1,2", "-o", "turn.gif"), ("Only a way in steps can be animated",)),
        (("-n", "2", "--animate"), ("Only a way in steps can be animated",)),
        (("--steps", "1", "-o", "turn.gif"), ("two steps or more",)),
        (("--weights", "1,two"), ("1,two", "no numbers", "2,1,1")),
        (("-o", "turn.tiff"), (".tiff", "cannot be written")),
    ],
)
def test_what_cannot_be_made_is_said_before_any_work(
    painter: type[Painter], run: Run, here: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ran = run("blend", "apple.png", "cat.png", *arguments)
    assert (ran.code, ran.out, painter.models, names(here)) == (2, "", [], [])
    assert one_sentence(ran.err, *words)


def test_a_folder_named_like_a_gif(painter: type[Painter], run: Run, here: Path) -> None:
    (here / "turn.gif").mkdir()
    assert one_sentence(run("blend", "a.png", "b.png", "-o", "turn.gif").err, "turn.gif is a folder")


def test_mixtures_are_delivered_as_drawings_are(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("blend", "a.png", "b.png", "c.png", "--weights", "2,1,1", "-n", 2, "--seed", 7)
    assert ran.lines == ["a-b-c-blend-7.png", "a-b-c-blend-8.png", "a-b-c-blend-7-sheet.png"]
    assert (painter.calls[0]["weights"], painter.calls[0]["n"]) == ([2.0, 1.0, 1.0], 2)
    assert record_in(here / "a-b-c-blend-8.png")["weights"] == [2, 1, 1]


def test_a_shift_is_a_strip(painter: type[Painter], run: Run, here: Path) -> None:
    words = ("--to", "an old barn", "--from", "a barn")
    ran = run("shift", "barn.png", *words, "--steps", 3, "--strength", 0.5, "-o", "s.png")
    assert ran.lines == ["s-1.png", "s-2.png", "s-3.png", "s.png"]
    told = {"to": "an old barn", "from_": "a barn", "frames": 3, "strength": 0.5}
    assert painter.calls == [{"picture": Path("barn.png"), **told, **USUAL}]
    record = record_in(here / "s.png")
    assert (record["prompt"], record["base"]) == ("an old barn", "a barn")
    assert record["frames"] == [{"theta": 0.0}, {"theta": 0.25}, {"theta": 0.5}]


def test_one_step_is_one_picture(painter: type[Painter], run: Run, here: Path) -> None:
    ran = run("shift", "barn.png", "--to", "an old barn", "--steps", 1, "-o", "s.png")
    assert (ran.lines, names(here)) == (["s.png"], ["s.png"])


def test_a_shift_needs_a_description(painter: type[Painter], run: Run) -> None:
    ran = run("shift", "barn.png")
    assert ran.code == 2
    assert one_sentence(ran.err, "--to")


def test_json_of_strips_and_animations(painter: type[Painter], run: Run) -> None:
    strip = json.loads(run("shift", "a.png", "--to", "a fox", "--steps", 2, "-o", "s.png", "--json").out)
    assert [one["file"] for one in strip["pictures"]] == ["s-1.png", "s-2.png"]
    assert (strip["strip"], strip["animation"]) == ("s.png", None)
    moving = json.loads(run("shift", "a.png", "--to", "a fox", "--steps", 2, "-o", "s.gif", "--json").out)
    assert [one["file"] for one in moving["pictures"]] == [None, None]
    assert moving["pictures"][1]["settings"]["theta"] == 0.4
    assert (moving["strip"], moving["animation"]) == (None, "s.gif")


def test_ctrl_c_leaves_nothing(painter: type[Painter], run: Run, here: Path) -> None:
    def stop(step: int) -> None:
        raise KeyboardInterrupt

    painter.before_step = staticmethod(stop)
    assert run("blend", "a.png", "b.png").code == 130
    assert names(here) == []


@pytest.mark.parametrize("command", [("vary",), ("blend", "a.png"), ("shift", "--to", "a fox")])
def test_bad_pictures_get_one_sentence_through_the_real_facade(
    run: Run, here: Path, tiny_bundle: Path, command: tuple[str, ...]
) -> None:
    Image.new("RGBA", (8, 8), "red").save(here / "a.png")
    (here / "text.png").write_text("no picture")
    (here / "empty.png").write_bytes(b"")
    (here / "vector.svg").write_text("<svg/>")
    before = names(here)
    for name in ("text.png", "empty.png", "vector.svg", "none.png", "."):
        ran = run(*command, name, "--model", tiny_bundle)
        assert (ran.code, ran.out) == (2, "")
        assert one_sentence(ran.err, name)
    assert names(here) == before
