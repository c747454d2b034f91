"""sfumato search on the tiny model: what is printed, the sheet, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.cli.found import GAP, LINE, SIDE, found_sheet
from sfumato.cli.search import read_query
from sfumato.picture import metadata
from sfumato.pipeline.index import NAME
from sfumato.types import Match
from support.painter import names, one_sentence

Run = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three pictures in art/."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "art").mkdir()
    for seed, name in enumerate(("a.png", "b.jpg", "c.webp")):
        noise = np.random.default_rng(seed).integers(0, 256, (30, 60, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "art" / name)
    return tmp_path


@pytest.fixture
def search(run: Run, tiny_bundle: Path, here: Path) -> Run:
    return lambda *arguments: run("search", "--model", tiny_bundle, *arguments)


def test_likeness_and_file_best_first(search: Run, here: Path) -> None:
    ran = search("art", "a red cat")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split() for line in ran.lines]
    likeness = [float(row[0]) for row in rows]
    assert likeness == sorted(likeness, reverse=True)
    assert sorted(row[1] for row in rows) == [str(Path("art", name)) for name in ("a.png", "b.jpg", "c.webp")]
    assert names(here / "art") == [NAME, "a.png", "b.jpg", "c.webp"]


def test_n_and_a_picture_as_the_query(search: Run) -> None:
    ran = search("art", "art/a.png", "-n", 1)
    assert ran.code == 0, ran.err
    assert len(ran.lines) == 1
    assert "a.png" not in ran.out


def test_json(search: Run, here: Path) -> None:
    (here / "art" / "broken.png").write_text("no picture")
    told = json.loads(search("art", "a red cat", "--json").out)
    assert set(told) == {"directory", "query", "matches", "pictures", "embedded", "broken", "notes", "sheet"}
    assert (told["directory"], told["query"], told["sheet"], told["notes"]) == ("art", "a red cat", None, [])
    assert (told["pictures"], told["embedded"], len(told["matches"])) == (3, 4, 3)
    assert [Path(one["file"]).name for one in told["broken"]] == ["broken.png"]
    assert json.loads(search("art", "a red cat", "--json").out)["embedded"] == 0
    assert json.loads(search("art", "a red cat", "--json", "--refresh").out)["embedded"] == 4


def test_broken_pictures_are_counted_and_named(search: Run, here: Path) -> None:
    (here / "art" / "x.png").write_text("no picture")
    ran = search("art", "a cat")
    assert (ran.code, len(ran.lines)) == (0, 3)
    assert one_sentence(ran.err, "Note: 1 picture ", "x.png")
    for k in range(6):
        (here / "art" / f"y{k}.png").touch()
    assert one_sentence(search("art", "a cat").err, "7 pictures", "and 2 more")


def test_the_sheet(search: Run, here: Path) -> None:
    ran = search("art", "a cat", "--sheet", "out/found.png")
    assert ran.code == 0, ran.err
    assert ran.lines[-1] == str(Path("out/found.png"))
    with Image.open(here / "out/found.png") as image:
        assert image.size == (GAP + 2 * (SIDE + GAP), GAP + 2 * (SIDE + LINE + GAP))
    assert metadata.read(here / "out/found.png") == {"operation": "search", "query": "a cat"}


def test_a_sheet_shows_every_picture_in_its_shape(here: Path) -> None:
    paths = [here / "art" / name for name in ("a.png", "b.jpg", "gone.png")]
    sheet = np.asarray(found_sheet([Match(path=path, similarity=0.5) for path in paths]))
    cell = sheet[GAP : GAP + SIDE, GAP : GAP + SIDE]
    coloured = (cell != 255).any(axis=2)
    rows, columns = np.flatnonzero(coloured.any(axis=1)), np.flatnonzero(coloured.any(axis=0))
    assert (len(rows), len(columns)) == (SIDE // 2, SIDE)
    below = sheet[GAP + SIDE : GAP + SIDE + LINE, GAP : GAP + SIDE]
    assert below.min() < 128  # words
    gone = sheet[2 * GAP + SIDE + LINE :, GAP : GAP + SIDE][:SIDE]
    assert (gone == 255).all()


def test_a_sheet_of_nothing() -> None:
    assert found_sheet([]).size == (2 * GAP + SIDE, 2 * GAP + SIDE + LINE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none", "a cat"], ("none", "no folder")),
        (["art/a.png", "a cat"], ("a.png", "no folder")),
        (["empty", "a cat"], ("empty", "PNG")),
        (["art", ""], ("empty",)),
        (["art", " "], ("empty",)),
        (["art", "x" * 2000], ("2000",)),
        (["art", "none.png"], ("none.png",)),
        (["art", "anim.gif"], ("anim.gif",)),
        (["art", "a cat", "-n", "0"], ("number", "1 to 1000")),
        (["art", "a cat", "-n", "x"], ("-n",)),
        (["art", "a cat", "--sheet", "found.gif"], (".gif", ".png")),
        (["art", "a cat", "--sheet", "found"], ("found", ".png")),
        (["art", "a cat", "--sheet", "art"], ("art", ".png")),
        (["art", "a cat", "--sheet", "notes/found.png"], ("notes",)),
        (["art"], ("QUERY",)),
    ],
)
def test_what_cannot_be_searched(search: Run, here: Path, arguments: list[str], words: tuple[str, ...]) -> None:
    (here / "empty").mkdir()
    (here / "notes").write_text("a file")
    before = names(here)
    ran = search(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert one_sentence(ran.err, *words), ran.err
    assert names(here) == before


def test_what_a_query_is(here: Path) -> None:
    (here / "cat").write_text("a file without an ending")
    assert read_query("a cat") == "a cat"
    assert read_query("cat") == Path("cat")
    assert read_query("none.webp") == Path("none.webp")
    for words in ("x" * 5000, "a\0b", "art"):
        assert read_query(words) == words


def test_names_are_safe_for_a_terminal(search: Run, here: Path) -> None:
    (here / "art" / "a.png").rename(here / "art" / "a\x1b[2J\n.png")
    ran = search("art", "a cat")
    assert len(ran.lines) == 3
    assert r"a\x1b[2J\n.png" in ran.out


def test_an_index_from_elsewhere_is_only_data(search: Run, here: Path) -> None:
    (here / "art" / NAME).write_bytes(b"\x80\x04\x95" + b"pickled" * 100)
    assert search("art", "a cat").code == 0
