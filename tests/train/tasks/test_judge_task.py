"""Samples, targets and losses of the judge."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato_train.config import STAGE, JudgeStage
from sfumato_train.context import Context
from sfumato_train.data.scenes.sample import Sample, SceneObject
from sfumato_train.recipes.tiny import tiny
from sfumato_train.tasks.judge import NOBODY, JudgeTask, point_loss, worn


@pytest.fixture(scope="module")
def stage() -> JudgeStage:
    found = tiny().stages["judge"]
    assert isinstance(found, JudgeStage)
    return found


@pytest.fixture(scope="module")
def task(stage: JudgeStage, tiny_store: Path) -> JudgeTask:
    return JudgeTask(stage, Context(data=tiny_store, runs=tiny_store / "none"))


def sample_of(*objects: SceneObject) -> Sample:
    return Sample(
        picture=np.zeros((64, 64, 4), np.uint8), caption="", concept="", record=0, objects=objects, kind="single"
    )


def test_the_stage_survives_json(stage: JudgeStage) -> None:
    assert STAGE.validate_json(STAGE.dump_json(stage)) == stage


def test_samples_hang_on_their_number_alone(task: JudgeTask) -> None:
    whole, part = task.batch(0, 6), task.batch(2, 3)
    for name, rows in whole.items():
        assert torch.equal(rows[2:5], part[name]), name


def test_targets_mark_the_cell_of_the_centre(task: JudgeTask) -> None:
    green_box = next(i for i, r in enumerate(task.troupe.catalogue.records) if r.concept == "green box")
    one = SceneObject(record=green_box, name="box", box=(0.5, 0.0, 1.0, 0.5), colour="blue")
    found = task._targets(sample_of(one))
    # The centre (0.75, 0.25) lies at (6, 2) of the 8 by 8 cells, in the corner of its cell.
    assert found["kind"][2, 6] == 1
    assert np.argwhere(found["kind"] != NOBODY).tolist() == [[2, 6]]
    assert found["box"][:, 2, 6].tolist() == [0.0, 0.0, 0.5, 0.5]
    assert found["heat"][2, 6] == found["heat"].max() == 1.0
    assert found["colour"][2, 6] == task.stage.network.colours.index("blue")


def test_what_the_vocabulary_lacks_is_something_else(task: JudgeTask) -> None:
    kite = next(i for i, r in enumerate(task.troupe.catalogue.records) if "kite" in r.concept)
    found = task._targets(
        sample_of(
            SceneObject(record=kite, name="kite", box=(0.0, 0.0, 0.4, 0.4)),
            SceneObject(record=-1, name="moon", box=(0.6, 0.6, 1.0, 1.0), colour="silver"),
        )
    )
    kinds = found["kind"][found["kind"] != NOBODY]
    assert kinds.tolist() == [3, 3]
    assert (found["colour"] == NOBODY).all(), "no colour was promised, or none that the judge knows"


def test_a_perfect_answer_costs_nothing_and_ignorance_what_theory_says() -> None:
    heat = torch.zeros(1, 4, 4)
    heat[0, 1, 2] = 1
    sure = torch.where(heat == 1, 20.0, -20.0)
    assert point_loss(sure, heat).item() == pytest.approx(0, abs=1e-6)
    # At p = 1/2 each of the 16 cells costs (1/2)² ln 2.
    assert point_loss(torch.zeros(1, 4, 4), heat).item() == pytest.approx(16 * 0.25 * math.log(2))


def test_cells_beside_a_centre_are_forgiven() -> None:
    heat = torch.zeros(1, 4, 4)
    heat[0, 1, 2] = 1
    softer = heat.clone()
    softer[0, 1, 1] = 0.9
    answer = torch.full((1, 4, 4), -5.0)
    answer[0, 1, 1], answer[0, 1, 2] = 3.0, 5.0
    assert point_loss(answer, softer) < 0.01 * point_loss(answer, heat)


def test_without_colours_nothing_is_said_of_them(task: JudgeTask) -> None:
    batch = task.batch(0, 4)
    batch["colour"] = torch.full_like(batch["colour"], NOBODY)
    values = task.loss(task.network, batch)
    assert values["colour"].item() == 0
    assert torch.isfinite(values["loss"])


def test_worn_pictures_stay_premultiplied() -> None:
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 256, (64, 64, 1), dtype=np.uint8)
    picture = np.concatenate([np.repeat(alpha // 2, 3, axis=2), alpha], axis=2)
    changed = [worn(picture, np.random.default_rng(seed)) for seed in range(12)]
    assert all((one[..., :3] <= one[..., 3:]).all() for one in changed)
    assert any(np.array_equal(one, picture) for one in changed), "some are shown as they are"
    assert len({one.tobytes() for one in changed}) > 4


def test_nothing_is_left_where_nothing_was() -> None:
    blank = np.zeros((64, 64, 4), np.uint8)
    assert all(worn(blank, np.random.default_rng(seed)).max() == 0 for seed in range(8))


def test_the_sheet_shows_scenes(task: JudgeTask) -> None:
    with torch.no_grad():
        sheet = task.sheet(task.network.eval())
    assert sheet.shape == (4 * 66, 8 * 66, 3)
    assert sheet.std() > 5


def test_a_few_steps_teach_one_batch(stage: JudgeStage, tiny_store: Path) -> None:
    task = JudgeTask(replace(stage, staged=1.0), Context(data=tiny_store, runs=tiny_store / "none"))
    batch, network = task.batch(0, 16), task.network.train()
    optim = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = task.loss(network, batch)["loss"]
        optim.zero_grad()
        loss.backward()
        optim.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
