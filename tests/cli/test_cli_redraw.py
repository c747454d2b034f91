"""sfumato show and redraw: the record out of a file, and the picture out of the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.show import lines, printable
from sfumato.picture import files
from support.painter import Painter, names, one_sentence

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fox(painter: type[Painter], run: Run, here: Path) -> Path:
    assert run("draw", "a fox", "--seed", 3, "--size", 512, "-o", "fox.png").code == 0
    painter.calls.clear()
    painter.models.clear()
    return here / "fox.png"


def forged(here: Path, **record: Any) -> Path:
    return files.save(here / "forged.png", np.zeros((4, 4, 3), np.uint8), record)


def record_of(fox: Path, run: Run) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run("show", fox, "--json").out)
    return record


def test_show(fox: Path, run: Run) -> None:
    ran = run("show", fox)
    shown = dict(line.split(":", 1) for line in ran.lines)
    assert {key: value.strip() for key, value in shown.items()} == {
        "software": record_of(fox, run)["software"],
        "operation": "draw",
        "prompt": "a fox",
        "seed": "3",
        "size": "512",
        "steps": "5",
        "guidance": "3.0",
        "sampler": "ddim",
        "background": "transparent",
        "system": "unclip",
        "prior": "diffusion",
        "model": "sticker",
        "version": "1.2.3",
    }
    assert len({len(line) - len(line.split(":", 1)[1].lstrip()) for line in ran.lines}) == 1


def test_show_escapes_what_would_steer_the_terminal(here: Path, run: Run) -> None:
    ran = run("show", forged(here, **{"prompt": "a\x1b[2Jfox\u202e", "\x07key": "x\ny"}))
    assert ran.lines == [r"prompt:  a\x1b[2Jfox\u202e", r"\x07key: x\ny"]
    assert printable("crème 🦊") == "crème 🦊"


def test_lines_of_nothing() -> None:
    assert list(lines({})) == []


def test_redraw_asks_for_the_same_and_gives_the_same_pixels(
    fox: Path, run: Run, painter: type[Painter], here: Path
) -> None:
    ran = run("redraw", fox)
    assert (ran.code, ran.out, ran.err) == (0, "a-fox-3.png\n", "")
    assert painter.models == ["sticker"]
    (call,) = painter.calls
    assert call["request"].to_record() == record_of(fox, run)
    assert call["sources"] == []
    with Image.open(fox) as old, Image.open(here / "a-fox-3.png") as new:
        assert np.array_equal(np.asarray(old), np.asarray(new))
    assert fox.read_bytes() == (here / "a-fox-3.png").read_bytes()


def test_redraw_can_replace_its_own_file(fox: Path, run: Run, here: Path) -> None:
    before = fox.read_bytes()
    assert run("redraw", fox, "-o", fox).code == 0
    assert fox.read_bytes() == before
    assert names(here) == ["fox.png"]


def test_redraw_into_jpeg_becomes_white(fox: Path, run: Run, painter: type[Painter]) -> None:
    ran = run("redraw", fox, "-o", "again.jpg")
    assert painter.calls[0]["request"].background == "#ffffff"
    assert one_sentence(ran.err, "JPEG")


def test_sources_are_handed_on(fox: Path, run: Run, painter: type[Painter], here: Path) -> None:
    assert run("vary", fox, "-n", 1, "--seed", 3, "-o", "v.png").code == 0
    painter.calls.clear()
    assert run("redraw", "v.png", "--source", fox, "--source", "mask.png", "-o", "again.png").code == 0
    (call,) = painter.calls
    assert call["request"].operation == "vary"
    assert call["sources"] == [fox, Path("mask.png")]
    assert (here / "again.png").read_bytes() == (here / "v.png").read_bytes()


def test_unknown_operations_are_named(fox: Path, run: Run, painter: type[Painter], here: Path) -> None:
    ran = run("redraw", forged(here, **{**record_of(fox, run), "operation": "weave"}))
    assert (ran.code, painter.models) == (2, [])
    assert one_sentence(ran.err, "weave", "draw, edit")


def test_a_strip_is_shown_and_not_redrawn(fox: Path, run: Run, painter: type[Painter]) -> None:
    assert run("shift", fox, "--to", "an owl", "--steps", 2, "-o", "strip.gif").code == 0
    assert any(line.startswith("frames:") for line in run("show", "strip.gif").lines)
    ran = run("redraw", "strip.gif", "-o", "again.png")
    assert ran.code == 2
    assert one_sentence(ran.err, "strip.gif", "a whole way of pictures")


def test_redraw_json(fox: Path, run: Run) -> None:
    told = json.loads(run("redraw", fox, "--json").out)
    assert [p["file"] for p in told["pictures"]] == ["a-fox-3.png"]
    assert told["pictures"][0]["settings"] == record_of(fox, run)


def test_nothing_is_redrawn_for_an_unwritable_place(fox: Path, run: Run, painter: type[Painter]) -> None:
    ran = run("redraw", fox, "-o", fox / "again.png")
    assert (ran.code, ran.out, painter.models) == (2, "", [])
    assert one_sentence(ran.err, "fox.png", "not a directory")


@pytest.mark.parametrize(("name", "value"), [("version", "2.0.0"), ("name", "other")])
def test_another_model_is_refused(
    fox: Path, run: Run, painter: type[Painter], name: str, value: str
) -> None:
    setattr(painter, name, value)
    ran = run("redraw", fox)
    assert (ran.code, ran.out, painter.calls) == (2, "", [])
    assert one_sentence(ran.err, "sticker 1.2.3", value, "--anyway")
    assert names(fox.parent) == ["fox.png"]
    assert run("redraw", fox, "--anyway").code == 0
    assert len(painter.calls) == 1


def test_the_model_can_be_somewhere_else(fox: Path, run: Run, painter: type[Painter]) -> None:
    assert run("redraw", fox, "--model", "some/folder").code == 0
    assert painter.models == ["some/folder"]


@pytest.mark.parametrize("name", ["../elsewhere", "..", "/etc", r"a\b", "", 5, None])
def test_a_record_cannot_choose_what_is_opened(
    fox: Path, run: Run, painter: type[Painter], here: Path, name: object
) -> None:
    ran = run("redraw", forged(here, **{**record_of(fox, run), "model": name}))
    assert (ran.code, painter.models) == (2, [])
    assert one_sentence(ran.err, repr(name), "--model")


@pytest.mark.parametrize("command", ["show", "redraw"])
def test_files_without_a_record(run: Run, painter: type[Painter], here: Path, command: str) -> None:
    Image.new("RGB", (4, 4)).save(here / "plain.png")
    (here / "text.png").write_text("no picture")
    for name, words in (("plain.png", "no record"), ("text.png", "picture"), ("none.png", "no file")):
        ran = run(command, name)
        assert (ran.code, ran.out) == (2, "")
        assert one_sentence(ran.err, name, words)
    assert run(command, here).code == 2
    assert painter.models == []


def test_a_contact_sheet_is_shown_and_not_redrawn(run: Run, painter: type[Painter], here: Path) -> None:
    run("draw", "a fox", "-n", 2, "--seed", 3)
    sheet = here / "a-fox-3-sheet.png"
    assert any(line.split() == ["seeds:", "[3,", "4]"] for line in run("show", sheet).lines)
    ran = run("redraw", sheet)
    assert ran.code == 2
    assert one_sentence(ran.err, "contact sheet")


def test_a_record_with_a_hole_or_nonsense(fox: Path, run: Run, painter: type[Painter], here: Path) -> None:
    record = record_of(fox, run)
    for bad, word in (({"seed": -1}, "seed"), ({"size": "512"}, "size"), ({"sampler": ["x"]}, "sampler")):
        ran = run("redraw", forged(here, **{**record, **bad}))
        assert ran.code == 2
        assert one_sentence(ran.err, word)
    del record["steps"]
    assert one_sentence(run("redraw", forged(here, **record)).err, "steps")
    assert painter.models == []
