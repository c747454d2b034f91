"""The reference page repeats the program word for word."""

from __future__ import annotations

from types import ModuleType

import pytest

from support.pages import load_generate


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load_generate()


def test_the_page_is_up_to_date(generate: ModuleType) -> None:
    page = generate.PAGE.read_text(encoding="utf-8")
    assert page == generate.fill(page), "run make docs"


def test_every_command_is_on_the_page(generate: ModuleType) -> None:
    page = generate.PAGE.read_text(encoding="utf-8")
    assert {m["name"] for m in generate.BLOCK.finditer(page)} == set(generate.commands())


def test_every_option_says_what_it_does(generate: ModuleType) -> None:
    for name, command in generate.commands().items():
        silent = [p.name for p in command.params if not getattr(p, "help", None)]
        assert silent == [], name


def test_a_changed_block_is_written_anew_and_prose_is_kept(generate: ModuleType) -> None:
    page = "before\n<!-- options: show -->\nold\n<!-- end -->\nafter\n"
    filled = generate.fill(page)
    assert filled.startswith("before\n<!-- options: show -->\n| | what it says")
    assert "| `FILE` | A picture that Sfumato drew. |  |" in filled
    assert filled.endswith("<!-- end -->\nafter\n")
    assert "old" not in filled


def test_an_unknown_command_is_an_error(generate: ModuleType) -> None:
    with pytest.raises(KeyError):
        generate.fill("<!-- options: paint -->\n<!-- end -->")
