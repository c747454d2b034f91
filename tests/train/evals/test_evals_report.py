"""Numbers become cells, rows and JSON without losing anything."""

from __future__ import annotations

import json

import pytest

from sfumato.errors import InputError
from sfumato_train.evals.config import EvalConfig, quick_config
from sfumato_train.evals.machine import Machine, machine
from sfumato_train.evals.report import CELLS, MISSING, Report, scores_row, with_bounds

SCORES = {
    "retrieval.heldout_concept.picture_to_text.top1": 0.123,
    "retrieval.heldout_concept.picture_to_text.top5": 0.5,
    "retrieval.heldout_concept.picture_to_text.candidates": 561.0,
    "reconstruction.own": 0.8126,
    "reconstruction.other": -0.01,
    "neighbours.embedding.ratio": 1.0,
}


def report() -> Report:
    """One with few scores."""
    return Report(
        model="tiny",
        version="0.0.1",
        command="sfumato-train eval tiny --data data --seed 3",
        data="0123456789abcdef" * 4,
        config=EvalConfig(seed=3),
        machine=Machine(cores=2, memory_gib=23.5, cpu="A processor"),
        scores=SCORES,
        seconds={"retrieval": 1.5},
        date="2030-01-02",
    )


def test_cells_for_people() -> None:
    row = scores_row(SCORES)
    assert row["unseen concepts, picture→text"] == "12.3 / 50.0 % of 561"
    assert row["through z_img, own / other"] == "0.813 / -0.010"


def test_what_was_not_measured_is_a_dash() -> None:
    row = scores_row(SCORES)
    assert list(row) == list(CELLS)
    assert row["KID"] == MISSING
    assert row["distance to training, drawn ÷ new"] == MISSING  # half of it is missing


def test_a_share_has_its_interval() -> None:
    scores = {"composition.score": 0.1234, "composition.low": 0.1, "composition.high": 0.2}
    assert with_bounds("composition")(scores) == "12.3 (10.0–20.0)"
    assert with_bounds("composition")({}) == MISSING


def test_a_report_has_the_models_name_and_version() -> None:
    assert report().title == "tiny 0.0.1"


def test_json_holds_everything() -> None:
    read = json.loads(report().to_json())
    assert read["scores"] == SCORES
    assert read["config"]["seed"] == 3
    assert read["machine"]["cpu"] == "A processor"
    assert "flatters its own generator" in read["notes"][0]


def test_this_machine_has_cores_and_a_name() -> None:
    here = machine()
    assert here.cores >= 1
    assert here.cpu
    assert here.short().startswith(f"{here.cores} core")


def test_one_core_and_unknown_memory() -> None:
    assert Machine(cores=1, memory_gib=None, cpu="x").short() == "1 core"


def test_a_quick_look_is_smaller_than_a_full_one() -> None:
    full, quick = EvalConfig(seed=5), quick_config(5)
    assert quick.seed == 5
    assert (quick.prompts, quick.reconstructions) < (full.prompts, full.reconstructions)
    assert (quick.captions, quick.popular) == (full.captions, full.popular)  # or the numbers would not compare


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"seed": 2**63}, {"prompts": 0}, {"pictures": 0}, {"searched": -1}, {"prompts": 501}],
)
def test_counts_that_measure_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        EvalConfig(**wrong)
