"""The gallery: its commands exist, its page is what the script writes, its pictures are there and small."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from typer.main import get_group

from sfumato.cli import app

DOCS = Path(__file__).parents[1] / "docs"
MOST = 4 * 2**20


@pytest.fixture(scope="module")
def gallery() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    try:
        spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["gallery"] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(DOCS))
        sys.modules.pop("gallery", None)


def steps(gallery: ModuleType) -> list[object]:
    return [step for chapter in gallery.CHAPTERS for step in chapter.steps]


def test_every_command_of_the_program_is_shown(gallery: ModuleType) -> None:
    shown = {shlex.split(step.command)[1] for step in steps(gallery)}
    assert shown == set(get_group(app).commands)


def test_every_command_can_be_parsed(gallery: ModuleType) -> None:
    for step in steps(gallery):
        program, name, *arguments = shlex.split(step.command)
        assert program == "sfumato"
        get_group(app).commands[name].make_context(name, arguments)


def test_all_seeds_are_the_same(gallery: ModuleType) -> None:
    seeds = [match[1] for step in steps(gallery) for match in re.finditer(r"--seed (\d+)", step.command)]
    assert len(seeds) > 10
    assert set(seeds) == {"7"}


def test_inputs_are_credited(gallery: ModuleType) -> None:
    credited = {name for names, _ in gallery.CREDITS for name in names.split(", ")}
    assert credited == {path.name for path in gallery.INPUTS.iterdir()}


def test_the_page_shows_what_is_there(gallery: ModuleType) -> None:
    page = gallery.PAGE.read_text(encoding="utf-8")
    linked = set(re.findall(r"\(gallery/([^)]+)\)", page))
    assert linked == {path.name for path in gallery.FOLDER.glob("*.webp")}
    parts = gallery.parts_of(gallery.MODEL)
    for step in steps(gallery):
        assert (f"$ {step.command}\n" in page) == (step.model is None or step.model in parts), step.command


def test_all_pictures_together_are_small(gallery: ModuleType) -> None:
    assert sum(path.stat().st_size for path in gallery.FOLDER.rglob("*") if path.is_file()) <= MOST


def fake(command: str, where: Path) -> tuple[str, float]:
    """Draws a grey picture for each name after -o, and says the command backwards."""
    for name in re.findall(r"-o (\S+)", command):
        Image.new("RGBA", (2000 if "wide" in name else 800, 500), "grey").save(where / name)
    return command[::-1] + "\n", 1.25


def test_steps_become_blocks_of_the_page(gallery: ModuleType, tmp_path: Path) -> None:
    chapter = gallery.Chapter(
        title="One",
        text="Words.",
        steps=(
            gallery.Step(command="sfumato a -o wide.png", shows=("wide.png", "snail.png")),
            gallery.Step(command="sfumato b", says=True),
            gallery.Step(command="sfumato d -o alone.png", shows=("alone.png",)),
            gallery.Step(command="sfumato c", model="nothing"),
        ),
    )
    made = gallery.make([chapter], {"decoder"}, tmp_path, execute=fake)
    page = gallery.page([chapter], made, model="tiny 0.0.1", machine="1 core")
    assert "tiny 0.0.1" in page
    assert "1 core;" in page
    assert "## One\n\nWords.\n" in page
    assert "```console\n$ sfumato a -o wide.png\n```\n" in page
    assert "| ![wide.png](gallery/wide.webp) | ![snail.png](gallery/snail.webp) |\n| :-: | :-: |\n" in page
    assert "```console\n$ sfumato b\nb otamufs\n```\n" in page
    assert "sfumato c" not in page
    assert page.count("_1.2 s_") == 3
    sizes = {}
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            sizes[path.name] = image.size
    assert sizes == {"wide.webp": (1280, 320), "snail.webp": (320, 160), "alone.webp": (640, 400)}


def test_a_chapter_without_steps_is_left_out(gallery: ModuleType, tmp_path: Path) -> None:
    chapter = gallery.Chapter(title="One", text="Words.", steps=(gallery.Step(command="sfumato c", model="nothing"),))
    made = gallery.make([chapter], set(), tmp_path, execute=fake)
    assert "One" not in gallery.page([chapter], made, model="m", machine="n")


def test_a_failing_command_ends_the_script_with_its_sentence(gallery: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no folder"):
        gallery.run("sfumato search none cat", tmp_path)


def test_a_command_says_what_it_prints(gallery: ModuleType, tmp_path: Path) -> None:
    out, seconds = gallery.run("sfumato --version", tmp_path)
    assert out.startswith("sfumato ")
    assert seconds > 0
