"""Two models on the same prompts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import InputError
from sfumato_train.cli import main
from sfumato_train.evals.compare import Answers, answers_of, compared, read_answers, save_answers
from sfumato_train.evals.composition.wanted import TASKS, Choices, distinct

CHOICES = Choices(things=tuple("abcdefghij"), shown=tuple(range(10)), coloured=tuple(range(10)))


def answers(share: float, draw: int = 0, **changed: object) -> Answers:
    """Of ten prompts a task, four pictures each, about this share right."""
    rng = np.random.default_rng(3)
    wanted = [one for task in TASKS for one in distinct(CHOICES, task, 10, rng)]
    right = np.random.default_rng(draw).random((len(wanted), 4)) < share
    texts = [one.text(CHOICES.things) for one in wanted]
    return replace(answers_of(wanted, texts, right, judge="j", data="d", seed=0), **changed)  # type: ignore[arg-type]


def test_answers_survive_their_file(tmp_path: Path) -> None:
    one = answers(0.4)
    assert read_answers(save_answers(tmp_path / "composition.json", one)) == one
    assert one.repeats == 4
    assert {task: len(values) for task, values in one.tasks().items()} == dict.fromkeys(TASKS, 10)


def test_a_model_is_as_good_as_itself() -> None:
    found = compared(answers(0.4), answers(0.4))
    assert set(found) == {"all", *TASKS}
    assert all((one.low, one.mean, one.high) == (0, 0, 0) for one in found.values())


def test_a_better_model_is_better_and_the_other_way_round() -> None:
    good, bad = answers(0.8, 1), answers(0.3, 2)
    forth, back = compared(good, bad)["all"], compared(bad, good)["all"]
    assert forth.low > 0 > back.high
    assert forth.mean == pytest.approx(-back.mean)
    assert forth.mean == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("changed", [{"judge": "k"}, {"data": "e"}, {"seed": 5}, {"repeats": 2}])
def test_measurements_that_differ_are_not_compared(changed: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"differ in their {next(iter(changed))}"):
        compared(answers(0.5), answers(0.5, **changed))


def test_other_prompts_are_not_compared() -> None:
    one = answers(0.5)
    with pytest.raises(InputError, match="prompts"):
        compared(one, replace(one, prompts=one.prompts[::-1]))


def test_the_command_says_the_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(save_answers(tmp_path / f"{share}.json", answers(share))) for share in (0.9, 0.1)]
    assert main(["judge", "compare", *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| task | difference, points | 95 % |"
    assert len(lines) == 3 + len(TASKS)
    assert lines[2].startswith("| all | +7")


def test_the_command_names_a_file_without_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("[]")
    assert main(["judge", "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "a.json holds no answers" in capsys.readouterr().err
