"""The page of models: measurements come in part by part, are replaced, and leave the rest of the file alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sfumato.errors import InputError, OutputError
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.leaderboard import BEGIN, END, FOLDER, enter
from sfumato_train.evals.machine import Machine
from sfumato_train.evals.report import Report, Scores
from sfumato_train.evals.standing import read

SPEED = {"speed.pictures_an_hour": 8700.0, "speed.seconds_256": 0.41, "speed.seconds_1024": 0.6}


def report(scores: Scores, *, date: str = "2030-01-02", seconds: float = 2.0) -> Report:
    """A report of the measurements that the scores belong to."""
    return Report(
        model="tiny",
        version="0.0.1",
        command="sfumato-train eval tiny --data data --seed 3",
        data="0123456789abcdef" * 4,
        config=EvalConfig(seed=3),
        machine=Machine(cores=2, memory_gib=23.5, cpu="A processor"),
        scores=scores,
        seconds={name.partition(".")[0]: seconds for name in scores},
        judge="beefbeefbeef",
        date=date,
    )


def inside(path: Path) -> str:
    """The tables, as they stand in the file."""
    return path.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def test_the_first_model_makes_page_and_file(tmp_path: Path) -> None:
    path = enter(tmp_path / "BOARD.md", report(SPEED), label="first light", commit="abc1234")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Leaderboard\n")
    assert "| first light | 8,700 | 0.41 | 0.60 |" in text
    (standing,) = read(tmp_path / FOLDER)
    assert (standing.label, standing.model, standing.commit) == ("first light", "tiny 0.0.1", "abc1234")
    assert standing.scores == SPEED
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["first-light.json"]


def test_the_page_says_how_to_measure_again(tmp_path: Path) -> None:
    text = inside(enter(tmp_path / "BOARD.md", report(SPEED), label="a", commit="abc1234"))
    (row,) = [line for line in text.splitlines() if "sfumato-train eval" in line]
    for fact in ("abc1234", "2030-01-02", "--seed 3", "0123456789ab", "beefbeefbeef", "2 cores, 24 GiB", "speed 2 s"):
        assert fact in row


def test_measurements_add_up_under_one_label(tmp_path: Path) -> None:
    board = tmp_path / "BOARD.md"
    enter(board, report(SPEED), label="a", commit="x")
    enter(board, report({"reconstruction.own": 0.9, "reconstruction.other": 0.2}), label="a", commit="x")
    assert "0.900 / 0.200" in inside(board)
    assert "8,700" in inside(board)
    enter(board, report(SPEED | {"speed.pictures_an_hour": 9000.0}), label="a", commit="x")
    assert "9,000" in inside(board)
    assert "8,700" not in inside(board)
    assert "0.900 / 0.200" in inside(board)


def test_another_commit_begins_anew(tmp_path: Path) -> None:
    board = tmp_path / "BOARD.md"
    enter(board, report(SPEED), label="a", commit="x")
    enter(board, report({"reconstruction.own": 0.9, "reconstruction.other": 0.2}), label="a", commit="y")
    assert "8,700" not in inside(board)


def test_the_newest_model_stands_on_top(tmp_path: Path) -> None:
    board = tmp_path / "BOARD.md"
    for label, date in (("a", "2030-01-01"), ("b", "2030-01-03"), ("c", "2030-01-02")):
        enter(board, report(SPEED, date=date), label=label, commit="x")
    rows = [line.split("|")[1].strip() for line in inside(board).splitlines() if "8,700" in line]
    assert rows == ["b", "c", "a"]


def test_text_around_the_tables_stays(tmp_path: Path) -> None:
    path = tmp_path / "BOARD.md"
    path.write_text(f"# Ours\n\nWords | with bars.\n{BEGIN}\n{END}\n\nMore words.\n", encoding="utf-8")
    enter(path, report(SPEED), label="a", commit="x")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Ours\n\nWords | with bars.\n" + BEGIN)
    assert text.endswith(END + "\n\nMore words.\n")


def test_entering_the_same_twice_changes_nothing(tmp_path: Path) -> None:
    path = enter(tmp_path / "BOARD.md", report(SPEED), label="a", commit="x")
    before = path.read_bytes()
    enter(path, report(SPEED), label="a", commit="x")
    assert path.read_bytes() == before


def test_labels_of_the_same_letters_are_refused(tmp_path: Path) -> None:
    board = enter(tmp_path / "BOARD.md", report(SPEED), label="a b", commit="x")
    with pytest.raises(InputError, match="overwrite the scores of 'a b'"):
        enter(board, report(SPEED), label="a-b", commit="x")


def test_a_page_without_the_marks_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "NOTES.md"
    path.write_text("Something else.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"NOTES\.md has no table between"):
        enter(path, report(SPEED), label="a", commit="x")
    assert path.read_text(encoding="utf-8") == "Something else.\n"
    assert not (tmp_path / FOLDER).exists()


def test_a_damaged_file_of_scores_is_named(tmp_path: Path) -> None:
    board = enter(tmp_path / "BOARD.md", report(SPEED), label="a", commit="x")
    (tmp_path / FOLDER / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.json is not a file of scores"):
        enter(board, replace(report(SPEED), version="2"), label="a", commit="x")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="missing"):
        enter(tmp_path / "missing" / "BOARD.md", report(SPEED), label="a", commit="x")
