"""Scores of judges that know everything, nothing, and half."""

from __future__ import annotations

import numpy as np
import pytest

from sfumato_train.evals.composition.rules import Found
from sfumato_train.evals.composition.score import JudgeError, by_task, chance, errors, overall, rights
from sfumato_train.evals.composition.wanted import COLOURS, TASKS, Choices, Wanted, distinct

CHOICES = Choices(things=("cat", "owl", "apple", "star", "tree"), shown=(0, 1, 2, 3, 4), coloured=(0, 1, 2, 3))
PLACES = {"left": ((0.2, 0.5), (0.8, 0.5)), "right": ((0.8, 0.5), (0.2, 0.5))}
PLACES |= {"above": ((0.5, 0.2), (0.5, 0.8)), "below": ((0.5, 0.8), (0.5, 0.2))}


def seen(wanted: Wanted) -> tuple[Found, ...]:
    """Exactly what is wanted."""
    places = PLACES[wanted.relation or "left"]
    return tuple(
        Found(
            kind=part.thing,
            score=1.0,
            box=(place[0], place[1], place[0] + 0.01 * k, place[1]),
            colour=part.colour or COLOURS[0],
        )
        for part, place in zip(wanted.parts, places, strict=False)
        for k in range(part.count)
    )


@pytest.fixture(scope="module")
def wanted() -> list[Wanted]:
    rng = np.random.default_rng(0)
    return [one for task in TASKS for one in distinct(CHOICES, task, 8 if task != "single" else 5, rng)]


def test_perfect_pictures_are_all_right(wanted: list[Wanted]) -> None:
    found = rights(wanted, [seen(one) for one in wanted for _ in range(3)])
    assert found.shape == (len(wanted), 3)
    assert found.all()


def test_empty_pictures_are_all_wrong(wanted: list[Wanted]) -> None:
    assert not rights(wanted, [()] * len(wanted)).any()


def test_pictures_belong_to_their_prompts(wanted: list[Wanted]) -> None:
    views = [seen(one) if (k + s) % 2 else () for k, one in enumerate(wanted) for s in range(2)]
    found = rights(wanted, views)
    assert found.tolist() == [[bool(k % 2), bool((k + 1) % 2)] for k in range(len(wanted))]


def test_tasks_keep_their_prompts_apart(wanted: list[Wanted]) -> None:
    right = np.array([[one.task == "two", one.task in ("two", "colours")] for one in wanted])
    tasks = by_task(wanted, right)
    assert list(tasks) == list(TASKS)
    assert {task: values.mean() for task, values in tasks.items()} == {
        "single": 0,
        "two": 1,
        "counting": 0,
        "colours": 0.5,
        "position": 0,
        "attribution": 0,
    }
    assert len(tasks["single"]) == 5
    assert overall(tasks, np.random.default_rng(0)).mean == pytest.approx(0.25), "every task weighs the same"


def test_chance_is_what_other_prompts_pictures_score(wanted: list[Wanted]) -> None:
    """Of five single things each picture obeys its own prompt only; counts of one kind come by chance at times."""
    found = chance(wanted, [seen(one) for one in wanted])
    assert found["single"] == 0
    assert 0 <= found["two"] < 0.2
    everywhere = tuple(
        Found(kind=thing, score=1.0, box=(0.0, 0.0, 0.1, 0.1), colour=COLOURS[0]) for thing in range(5)
    )
    everything = chance(wanted, [everywhere] * len(wanted))
    assert everything["single"] == everything["two"] == 1


def test_chance_does_not_fall_with_repeats(wanted: list[Wanted]) -> None:
    once = chance(wanted, [seen(one) for one in wanted])
    assert chance(wanted, [seen(one) for one in wanted for _ in range(2)]) == pytest.approx(once)


def test_a_perfect_judge_makes_no_error(wanted: list[Wanted]) -> None:
    found = errors(wanted, [seen(one) for one in wanted], CHOICES, np.random.default_rng(0))
    assert set(found) == set(TASKS)
    for error in found.values():
        assert (error.recall, error.false, error.precision) == (1.0, 0.0, 1.0)


def test_a_judge_blind_to_colours_is_wrong_about_them_alone(wanted: list[Wanted]) -> None:
    blind = [tuple(Found(kind=f.kind, score=1.0, box=f.box, colour="red") for f in seen(one)) for one in wanted]
    found = errors(wanted, blind, CHOICES, np.random.default_rng(0))
    assert found["attribution"].recall == 0
    assert found["position"].recall == found["counting"].recall == 1


def test_precision_weighs_right_and_wrong_alike() -> None:
    assert JudgeError(recall=0.6, false=0.2).precision == pytest.approx(0.75)
    assert JudgeError(recall=0.0, false=0.0).precision == 0
