"""From a run of the judge to a judge, its threshold and its error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import InputError
from sfumato_train.cli import main
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.composition.rules import Found
from sfumato_train.evals.composition.wanted import TASKS, Choices, Part, Wanted
from sfumato_train.evals.judge import Judge
from sfumato_train.evals.judge_export import THRESHOLDS, best_threshold, export_judge


@pytest.fixture(scope="module")
def runs(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "runs"
    where = ["--data", str(tiny_store), "--runs", str(folder)]
    assert main(["run", "judge", "--recipe", "tiny", "--steps", "3", *where]) == 0
    return folder


def test_a_run_becomes_a_judge(
    runs: Path, tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "judge"
    arguments = ["judge", "export", str(runs), "--out", str(out), "--data", str(tiny_store), "--prompts", "2"]
    assert main(arguments) == 0
    judge = Judge(out)
    assert [thing.name for thing in judge.things] == ["ball", "box", "star"]
    assert judge.card.samples == 3 * 16
    assert judge.card.threshold in THRESHOLDS
    page = (out / "CARD.md").read_text(encoding="utf-8")
    assert "A detector of 3 things in drawn pictures of 64×64, with\n9 colours" in page
    assert page.count("\n| ") == 2 + len(TASKS)
    said = capsys.readouterr().out
    for task in TASKS:
        assert f"known.{task}.recall" in said
        assert 0 <= judge.card.measured[f"unseen.{task}.precision"] <= 1


def test_exports_of_one_run_are_equal(runs: Path, tiny_store: Path, tmp_path: Path) -> None:
    cards = [export_judge(runs, tmp_path / name, PictureStore(tiny_store), prompts=2) for name in ("a", "b")]
    assert cards[0] == cards[1]


def test_without_a_run_there_is_nothing_to_export(tiny_store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No judge was trained"):
        export_judge(tmp_path, tmp_path / "out", PictureStore(tiny_store))
    assert not (tmp_path / "out").exists()


def test_the_threshold_parts_what_is_there_from_what_is_not() -> None:
    """Right things are seen at 0.62, ghosts of the others at 0.38: what lies between tells them apart."""
    choices = Choices(things=("cat", "owl"), shown=(0, 1), coloured=())
    wanted = [Wanted(task="single", parts=(Part(thing=k % 2),)) for k in range(6)]
    box = (0.0, 0.0, 1.0, 1.0)
    found = [
        (
            Found(kind=one.parts[0].thing, score=0.62, box=box, colour="red"),
            Found(kind=1 - one.parts[0].thing, score=0.38, box=box, colour="red"),
        )
        for one in wanted
    ]
    assert 0.38 < best_threshold(wanted, found, choices, 0) <= 0.62


def test_features_of_real_pictures_have_no_mean_and_one_deviation(
    runs: Path, tiny_store: Path, tmp_path: Path
) -> None:
    from sfumato_train.evals.composition.prompts import shared, staged, troupes, wanted_of  # noqa: PLC0415

    store = PictureStore(tiny_store)
    export_judge(runs, tmp_path / "judge", store, prompts=6)
    judge = Judge(tmp_path / "judge")
    known, unseen = troupes(store, judge.things)
    wanted = wanted_of(shared(known, unseen), dict.fromkeys(TASKS, 6), 5)
    features = judge.look(staged(known, wanted, 4, 5)).features
    assert np.abs(features.mean(axis=0)).max() < 0.5
    assert np.median(features.std(axis=0)) == pytest.approx(1, abs=0.3)
