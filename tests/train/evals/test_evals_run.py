"""A whole measurement of a small model, and the command that starts it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.bundle.store import Bundle
from sfumato.engine.base import Engine
from sfumato.errors import BundleError, InputError
from sfumato_train.cli import main
from sfumato_train.data.store import PictureStore
from sfumato_train.evals import measure
from sfumato_train.evals.arrays import unit
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.measure import MEASUREMENTS
from sfumato_train.evals.own_clip import OwnClip
from sfumato_train.evals.progress import silent
from sfumato_train.evals.report import CELLS, MISSING, Report, scores_row
from sfumato_train.evals.run import evaluate
from sfumato_train.evals.variants import variants

CONFIG = EvalConfig(
    prompts=3,
    captions=6,
    popular=1,
    reconstructions=4,
    searched=9,
    references=3,
    neighbours=2,
    composition=2,
    repeats=2,
    sweep=1,
    speed=1,
)
SHEETS = {f"drawn-{which}-{system}.png" for which in ("seen", "pairs") for system in ("unclip", "glide")}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A report, where it was written, and what was told on the way."""

    report: Report
    out: Path
    told: list[tuple[str, int, int]]
    bundle: Path


@pytest.fixture(scope="module")
def measured(
    tiny_bundle: Path, tiny_data: Path, tiny_judge: Path, tmp_path_factory: pytest.TempPathFactory
) -> Measured:
    out = tmp_path_factory.mktemp("measured") / "new" / "folder"
    told: list[tuple[str, int, int]] = []
    report = evaluate(
        tiny_bundle,
        tiny_data,
        out,
        config=CONFIG,
        only=list(MEASUREMENTS),
        judge=tiny_judge,
        command="again",
        note="a busy machine",
        progress=lambda *now: told.append(now),
    )
    return Measured(report=report, out=out, told=told, bundle=tiny_bundle)


def test_every_file_is_there(measured: Measured) -> None:
    names = {path.name for path in measured.out.iterdir()}
    sheets = {"reconstruction.png", "neighbours.png", "composition.png", "sweep.png", *SHEETS}
    assert names == {"scores.json", "row.md", "composition.json", *sheets}
    for path in measured.out.glob("*.png"):
        with Image.open(path) as image:
            assert image.width > 100


def test_every_column_is_filled(measured: Measured) -> None:
    row = scores_row(measured.report.scores)
    assert list(row) == list(CELLS)
    assert MISSING not in row.values()
    assert (measured.out / "row.md").read_text(encoding="utf-8").count("\n") == 3


def test_the_file_holds_the_report(measured: Measured) -> None:
    read = json.loads((measured.out / "scores.json").read_text(encoding="utf-8"))
    assert read["scores"] == measured.report.scores
    assert read["command"] == "again"
    assert list(read["seconds"]) == list(MEASUREMENTS)
    assert read["note"] == "a busy machine"
    assert len(read["judge"]) == 12


def test_scores_lie_where_they_can(measured: Measured) -> None:
    scores = measured.report.scores
    assert all(np.isfinite(value) for value in scores.values())
    for name, value in scores.items():
        if name.endswith(("top1", "top5", "chance1", "chance5", "found", "copies")):
            assert 0 <= value <= 1, name
    assert scores["retrieval.heldout_concept.picture_to_text.candidates"] == 4
    assert scores["retrieval.heldout_pair.picture_to_text.queries"] == 6
    assert scores["drawing.seen.unclip.queries"] == 3
    assert scores["drawing.seen.unclip.candidates"] == 6
    assert scores["neighbours.searched"] == 9
    assert scores["composition.prompts"] == 12
    assert scores["composition.low"] <= scores["composition.score"] <= scores["composition.high"]
    for name in ("arranged", "arranged_chance", "arranged_known", "chance", "known", "unseen", "precision"):
        assert 0 <= scores[f"composition.{name}"] <= 1
    assert scores["realism.pictures"] == 24
    assert scores["sweep.pictures"] == 12
    assert scores["diversity.repeated.distance"] == pytest.approx(0, abs=1e-5)
    assert scores["diversity.repeated.vendi"] == pytest.approx(1, abs=1e-4)
    assert scores["speed.pictures_an_hour"] == pytest.approx(3600 / scores["speed.seconds_256"], rel=0.05)


def test_the_preset_is_one_of_the_variants(measured: Measured) -> None:
    scores = measured.report.scores
    labels = {name.split(".")[1] for name in scores if name.startswith("sweep.") and name.count(".") > 1}
    assert {"unclip", "glide", "z_txt in place of z_img", "true z_img"} <= labels
    assert len(labels) == len(variants(Bundle.open(measured.bundle).manifest))


def test_progress_ends_where_it_should(measured: Measured) -> None:
    last = {stage: (done, total) for stage, done, total in measured.told}
    assert last["drawing pairs with glide"] == (3, 3)
    assert all(done == total for done, total in last.values())


@pytest.mark.parametrize("name", ["drawing", "composition", "realism", "diversity"])
def test_measuring_again_gives_the_same(
    measured: Measured, tiny_bundle: Path, tiny_data: Path, tiny_judge: Path, tmp_path: Path, name: str
) -> None:
    again = evaluate(tiny_bundle, tiny_data, tmp_path, config=CONFIG, only=[name], judge=tiny_judge)
    before = {key: value for key, value in measured.report.scores.items() if key.startswith(f"{name}.")}
    assert again.scores == pytest.approx(before, abs=1e-6)
    assert set(again.seconds) == {name}
    files = {"drawing": SHEETS, "composition": {"composition.png", "composition.json"}}.get(name, set())
    assert {path.name for path in tmp_path.iterdir()} == {"scores.json", "row.md", *files}


def test_without_a_judge_nothing_begins(tiny_bundle: Path, tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no judge"):
        evaluate(tiny_bundle, tiny_data, tmp_path / "out", config=CONFIG, judge=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("only", [["retrieval", "beauty"], []])
def test_unknown_measurements_are_named(tiny_bundle: Path, tiny_data: Path, tmp_path: Path, only: list[str]) -> None:
    with pytest.raises(InputError, match="choose among retrieval, reconstruction, drawing, neighbours"):
        evaluate(tiny_bundle, tiny_data, tmp_path / "out", config=CONFIG, only=only)
    assert not (tmp_path / "out").exists()


class Knowing(OwnClip):
    """Knows every picture of the data set and every caption: each concept has an axis of its own."""

    def __init__(self, store: PictureStore) -> None:
        self._axes = {record.concept: i for i, record in enumerate(store.records)}

    def stored(self, store: PictureStore, indices: object, **_: object) -> np.ndarray:
        return self._of([store.records[int(i)].concept for i in np.asarray(indices)])

    def captions(self, captions: object, **_: object) -> np.ndarray:
        return self._of([str(caption).removeprefix("a ").removeprefix("an ") for caption in captions])  # type: ignore[attr-defined]

    def _of(self, concepts: list[str]) -> np.ndarray:
        noise = np.random.default_rng(0).normal(0, 0.01, (len(concepts), 64))
        return unit(np.eye(64)[[self._axes[concept] for concept in concepts]] + noise)


def test_a_judge_that_knows_scores_everything_and_its_control_nothing(
    engine: Engine, store: PictureStore, tmp_path: Path
) -> None:
    bench = Bench(engine=engine, clip=Knowing(store), store=store, config=EvalConfig(), out=tmp_path, progress=silent)
    scores = measure.measure_retrieval(bench)
    for split in measure.SPLITS:
        for way in ("picture_to_text", "text_to_picture"):
            assert scores[f"retrieval.{split}.{way}.top1"] == 1.0
            assert scores[f"retrieval.{split}.control.{way}.top1"] < 1.0


def command(bundle: Path, data: Path, out: Path, options: Mapping[str, str]) -> list[str]:
    """The command's words."""
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["eval", str(bundle), "--data", str(data), "--out", str(out), "--quick", "--only", "retrieval", *given]


def test_the_command_enters_its_row(
    tiny_bundle: Path, tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "BOARD.md"
    options = {"leaderboard": str(board), "label": "random weights", "commit": "abc1234", "seed": "3"}
    assert main(command(tiny_bundle, tiny_data, tmp_path / "out", options)) == 0
    assert capsys.readouterr().out == (tmp_path / "out" / "row.md").read_text(encoding="utf-8")
    text = board.read_text(encoding="utf-8")
    assert "| random weights | " in text
    assert f"`sfumato-train eval tiny --data {tiny_data.name} --quick --only retrieval --seed 3`" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"leaderboard": "BOARD.md"}, "needs a name"),
        ({"only": "beauty"}, "'beauty'"),
        ({"data": "nowhere"}, "not a built data set"),
    ],
)
def test_the_command_says_what_is_wrong(
    tiny_bundle: Path,
    tiny_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(tiny_bundle, tiny_data, tmp_path / "out", options)) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
