"""The rules on scenes drawn up by hand."""

from __future__ import annotations

from math import cos, radians, sin

import pytest

from sfumato_train.evals.composition.rules import Found, arranged, lies, obeys
from sfumato_train.evals.composition.wanted import OPPOSITE, Part, Wanted

CAT, OWL, APPLE, OTHER = 0, 1, 2, 3


def at(kind: int, x: float, y: float, colour: str = "red") -> Found:
    return Found(kind=kind, score=0.9, box=(x - 0.1, y - 0.1, x + 0.1, y + 0.1), colour=colour)


def test_one_thing_is_enough_and_others_do_no_harm() -> None:
    wanted = Wanted(task="single", parts=(Part(thing=CAT),))
    assert obeys(wanted, [at(CAT, 0.5, 0.5)])
    assert obeys(wanted, [at(OTHER, 0.2, 0.2), at(CAT, 0.8, 0.8), at(CAT, 0.5, 0.5)])
    assert not obeys(wanted, [at(OWL, 0.5, 0.5), at(OTHER, 0.1, 0.1)])
    assert not obeys(wanted, [])


def test_two_things_must_both_be_there() -> None:
    wanted = Wanted(task="two", parts=(Part(thing=CAT), Part(thing=OWL)))
    assert obeys(wanted, [at(OWL, 0.2, 0.5), at(CAT, 0.8, 0.5)])
    assert not obeys(wanted, [at(CAT, 0.2, 0.5), at(CAT, 0.8, 0.5)])


@pytest.mark.parametrize(("there", "right"), [(2, False), (3, True), (4, False)])
def test_counts_are_exact(there: int, right: bool) -> None:
    wanted = Wanted(task="counting", parts=(Part(thing=CAT, count=3),))
    scene = [at(CAT, 0.2 * k, 0.5) for k in range(there)]
    assert obeys(wanted, scene) == right
    assert obeys(wanted, [*scene, at(OWL, 0.9, 0.9)]) == right, "another kind does not count"


def test_the_thing_itself_must_have_the_colour() -> None:
    wanted = Wanted(task="colours", parts=(Part(thing=APPLE, colour="blue"),))
    assert obeys(wanted, [at(APPLE, 0.5, 0.5, "blue")])
    assert not obeys(wanted, [at(APPLE, 0.5, 0.5, "red"), at(CAT, 0.1, 0.1, "blue")])


def test_colours_must_not_be_exchanged() -> None:
    wanted = Wanted(task="attribution", parts=(Part(thing=CAT, colour="red"), Part(thing=OWL, colour="blue")))
    assert obeys(wanted, [at(CAT, 0.2, 0.5, "red"), at(OWL, 0.8, 0.5, "blue")])
    assert not obeys(wanted, [at(CAT, 0.2, 0.5, "blue"), at(OWL, 0.8, 0.5, "red")])


@pytest.mark.parametrize(
    ("relation", "first", "second"),
    [
        ("left", (0.2, 0.5), (0.8, 0.5)),
        ("right", (0.8, 0.5), (0.2, 0.5)),
        ("above", (0.5, 0.2), (0.5, 0.8)),
        ("below", (0.5, 0.8), (0.5, 0.2)),
    ],
)
def test_places_are_seen_from_the_second(
    relation: str, first: tuple[float, float], second: tuple[float, float]
) -> None:
    wanted = Wanted(task="position", parts=(Part(thing=CAT), Part(thing=OWL)), relation=relation)
    turned = Wanted(task="position", parts=wanted.parts, relation=OPPOSITE[relation])
    scene = [at(CAT, *first), at(OWL, *second)]
    assert obeys(wanted, scene)
    assert not obeys(turned, scene)
    assert not obeys(wanted, [at(OWL, *first), at(CAT, *second)])


@pytest.mark.parametrize(("degrees", "right"), [(0, True), (55, True), (-55, True), (65, False), (180, False)])
def test_a_side_reaches_sixty_degrees_to_both_sides(degrees: float, right: bool) -> None:
    one = at(CAT, 0.5 - 0.3 * cos(radians(degrees)), 0.5 + 0.3 * sin(radians(degrees)))
    assert lies("left", one, at(OWL, 0.5, 0.5)) == right


def test_what_lies_on_one_another_is_at_no_side() -> None:
    assert not lies("left", at(CAT, 0.45, 0.5), at(OWL, 0.5, 0.5))
    assert lies("left", at(CAT, 0.35, 0.5), at(OWL, 0.5, 0.5))


def test_any_pair_of_several_will_do() -> None:
    wanted = Wanted(task="position", parts=(Part(thing=CAT), Part(thing=OWL)), relation="above")
    assert obeys(wanted, [at(CAT, 0.5, 0.9), at(CAT, 0.5, 0.1), at(OWL, 0.5, 0.5)])


def test_an_arrangement_is_right_whatever_the_things_are() -> None:
    two = Wanted(task="two", parts=(Part(thing=CAT), Part(thing=OWL)))
    assert arranged(two, [at(OTHER, 0.2, 0.5), at(OTHER, 0.8, 0.5)])
    assert not arranged(two, [at(CAT, 0.5, 0.5)])
    assert not arranged(two, [at(OTHER, 0.1 * k, 0.5) for k in range(3)])
    four = Wanted(task="counting", parts=(Part(thing=CAT, count=4),))
    assert arranged(four, [at(OTHER, 0.2 * k, 0.5) for k in range(4)])
    assert not arranged(four, [at(CAT, 0.2 * k, 0.5) for k in range(3)])


def test_an_arrangement_lies_along_the_line_that_is_asked_for() -> None:
    above = Wanted(task="position", parts=(Part(thing=CAT), Part(thing=OWL)), relation="above")
    assert arranged(above, [at(OTHER, 0.5, 0.2), at(OTHER, 0.5, 0.8)])
    assert arranged(above, [at(OTHER, 0.5, 0.8), at(OTHER, 0.5, 0.2)])
    assert not arranged(above, [at(OTHER, 0.2, 0.5), at(OTHER, 0.8, 0.5)])


def test_an_arrangement_has_the_colours_that_are_asked_for() -> None:
    both = Wanted(task="attribution", parts=(Part(thing=CAT, colour="red"), Part(thing=OWL, colour="blue")))
    assert arranged(both, [at(OTHER, 0.2, 0.5, "blue"), at(OTHER, 0.8, 0.5, "red")])
    assert not arranged(both, [at(OTHER, 0.2, 0.5, "red"), at(OTHER, 0.8, 0.5, "red")])
    one = Wanted(task="colours", parts=(Part(thing=CAT, colour="pink"),))
    assert arranged(one, [at(OTHER, 0.5, 0.5, "pink")])
    assert not arranged(one, [at(CAT, 0.5, 0.5, "red")])
