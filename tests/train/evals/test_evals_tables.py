"""Tables: marks of the best and the worst, tables of what was measured only, and cells that keep them whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato_train.evals.composition.wanted import TASKS
from sfumato_train.evals.markdown import ranked, table
from sfumato_train.evals.report import Scores
from sfumato_train.evals.standing import Part, Standing, slug
from sfumato_train.evals.tables import page


def standing(scores: Scores, label: str = "a") -> Standing:
    part = Part(date="2030-01-02", command="go", seed=0, data="d", machine="m", seconds=1.0, scores=scores)
    return Standing(label=label, model="tiny 1", commit="x", parts={"all": part})


def sweep(**scores: float) -> Scores:
    """Of each variant its overall score, and a distance that is better where the score is."""
    found: Scores = {"sweep.pictures": 24.0}
    for label, score in scores.items():
        found |= {f"sweep.{label}.score": score, f"sweep.{label}.low": score / 2, f"sweep.{label}.high": score * 2}
        found |= {f"sweep.{label}.kid": 1 - score, f"sweep.{label}.two.score": score}
    return found


def row(text: str, label: str, number: int = 0) -> str:
    return [line for line in text.splitlines() if line.startswith(f"| {label} |")][number]


def test_a_table_for_people() -> None:
    assert table(("a", "b"), [("1", "x|y"), ("2", "two\nlines")]) == (
        "| a | b |\n| --- | --- |\n| 1 | x\\|y |\n| 2 | two lines |\n"
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(alphabet="a|\\ \n`–*_", max_size=12), min_size=1, max_size=4))
def test_any_text_keeps_the_table_whole(cells: list[str]) -> None:
    lines = table([str(k) for k in range(len(cells))], [cells]).splitlines()
    assert len(lines) == 3
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_best_and_worst_are_marked_both_ways() -> None:
    assert ranked([1.0, 3.0, 2.0], up=True) == ["_", "**", ""]
    assert ranked([1.0, 3.0, 2.0], up=False) == ["**", "_", ""]


def test_equals_share_their_mark_and_one_value_has_none() -> None:
    assert ranked([1.0, 2.0, 2.0], up=True) == ["_", "**", "**"]
    assert ranked([1.0, None], up=True) == ["", ""]
    assert ranked([1.0, 1.0], up=True) == ["", ""]
    assert ranked([None, 1.0, 2.0], up=True) == ["", "_", "**"]


def test_ways_of_drawing_are_ranked_column_by_column() -> None:
    text = page([standing(sweep(unclip=0.4, glide=0.1, fast=0.2))])
    assert "24 pictures each" in text
    assert row(text, "unclip").startswith("| unclip | **40.0%** (20.0–80.0) |")
    assert row(text, "glide").startswith("| glide | _10.0%_ (5.0–20.0) |")
    assert "**0.600**" in row(text, "unclip"), "a small distance is a good one"
    assert "_0.900_" in row(text, "glide")
    assert "**40%**" in row(text, "unclip", 1), "and by task"


def test_each_model_has_a_table_of_its_own() -> None:
    text = page([standing(sweep(unclip=0.4), "new"), standing(sweep(unclip=0.2), "old")])
    assert text.index("Ways of drawing: new") < text.index("Ways of drawing: old")


def test_composition_stands_beside_chance_and_real_pictures() -> None:
    scores = {"composition.score": 0.25, "composition.low": 0.2, "composition.high": 0.3}
    scores |= {f"composition.{task}.score": 0.5 for task in TASKS}
    scores |= {"composition.chance": 0.01, "composition.chance.two": 0.02, "composition.known": 0.9}
    text = page([standing(scores)])
    assert "| **a** | 25.0 (20.0–30.0) | 50.0 |" in text
    assert "| a: its pictures of other prompts | 1.0 | – | 2.0 |" in text
    assert "| a: real pictures, known art | 90.0 |" in text


def test_priors_stand_side_by_side() -> None:
    scores = {f"priors.seen.{prior}.real": value for prior, value in (("diffusion", 0.7), ("ar", 0.6), ("none", 0.2))}
    text = page([standing(scores)])
    assert row(text, "diffusion").startswith("| diffusion | **0.700** | – |")
    assert row(text, "none").startswith("| none | _0.200_ |")


def test_zero_shot_accuracies_are_shares() -> None:
    text = page([standing({"zero_shot.unseen_style.of_10": 0.5, "zero_shot.unseen_style.of_100": 0.123})])
    assert row(text, "a").startswith("| a | – | 50.0% / 12.3% | – |")


def test_what_was_not_measured_has_no_table() -> None:
    text = page([standing({"speed.pictures_an_hour": 10.0})])
    assert "## Speed" in text
    for title in ("Composition", "Ways of drawing", "Realism", "What CLIP understands"):
        assert title not in text


def test_a_page_without_models_has_no_rows() -> None:
    assert page([]).count("\n|") <= 3


@pytest.mark.parametrize(
    ("label", "name"), [("sticker 0.1.0", "sticker-0.1.0"), ("Big/../one", "big-..-one"), ("…", "model")]
)
def test_labels_make_plain_names(label: str, name: str) -> None:
    assert slug(label) == name
