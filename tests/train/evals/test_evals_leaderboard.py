"""The table of models: rows come in, are replaced, and leave the rest of the file alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.errors import InputError, OutputError
from sfumato_train.evals.leaderboard import BEGIN, END, enter, table

COLUMNS = ("label", "score", "commit")


def body(path: Path) -> list[str]:
    """The rows of the table, as they stand in the file."""
    inside = path.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    return inside.strip().splitlines()[2:]


def test_the_first_row_makes_the_file(tmp_path: Path) -> None:
    path = enter(tmp_path / "BOARD.md", COLUMNS, ("first", "1 %", "abc"))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Leaderboard\n")
    assert "| label | score | commit |\n| --- | --- | --- |\n| first | 1 % | abc |\n" in text


def test_new_labels_come_on_top_and_known_ones_are_replaced_in_place(tmp_path: Path) -> None:
    path = tmp_path / "BOARD.md"
    for label, score in (("a", "1"), ("b", "2"), ("c", "3"), ("b", "9")):
        enter(path, COLUMNS, (label, score, "x"))
    assert body(path) == ["| c | 3 | x |", "| b | 9 | x |", "| a | 1 | x |"]


def test_text_around_the_table_stays(tmp_path: Path) -> None:
    path = tmp_path / "BOARD.md"
    path.write_text(f"# Ours\n\nWords | with bars.\n{BEGIN}\n{END}\n\nMore words.\n", encoding="utf-8")
    enter(path, COLUMNS, ("a", "1", "x"))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Ours\n\nWords | with bars.\n" + BEGIN)
    assert text.endswith(END + "\n\nMore words.\n")


def test_entering_the_same_row_twice_changes_nothing(tmp_path: Path) -> None:
    path = enter(tmp_path / "BOARD.md", COLUMNS, ("a", "1", "x"))
    before = path.read_bytes()
    enter(path, COLUMNS, ("a", "1", "x"))
    assert path.read_bytes() == before


def test_rows_of_an_older_table_find_their_columns(tmp_path: Path) -> None:
    path = enter(tmp_path / "BOARD.md", ("label", "commit", "gone"), ("old", "abc", "z"))
    enter(path, COLUMNS, ("new", "5", "def"))
    assert body(path) == ["| new | 5 | def |", "| old | – | abc |"]


@settings(deadline=None, max_examples=40)
@given(st.text(alphabet="a|\\ \n`–", min_size=1, max_size=12), st.text(alphabet="b|\\ ", max_size=8))
def test_any_text_keeps_the_table_whole(tmp_path_factory: pytest.TempPathFactory, label: str, cell: str) -> None:
    path = tmp_path_factory.mktemp("board") / "BOARD.md"
    enter(path, COLUMNS, ("first", "0", "x"))
    enter(path, COLUMNS, (label, cell, "y"))
    once = path.read_bytes()
    enter(path, COLUMNS, (label, cell, "y"))
    assert path.read_bytes() == once
    assert len(body(path)) == 2
    assert body(path)[1] == "| first | 0 | x |"


def test_a_file_without_the_marks_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "NOTES.md"
    path.write_text("Something else.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"NOTES\.md has no table between"):
        enter(path, COLUMNS, ("a", "1", "x"))
    assert path.read_text(encoding="utf-8") == "Something else.\n"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="BOARD"):
        enter(tmp_path / "missing" / "BOARD.md", COLUMNS, ("a", "1", "x"))


def test_a_table_for_people() -> None:
    assert table(("a", "b"), [("1", "x|y"), ("2", "two\nlines")]) == (
        "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n| 2 | two lines |\n"
    )
