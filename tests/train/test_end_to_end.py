"""From pictures to a drawing: every stage of the tiny recipe trained, exported and used through the commands."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.api import Sfumato
from sfumato.cli import main as sfumato
from sfumato.networks.weights import load_network
from sfumato_train.checkpoint import all_checkpoints
from sfumato_train.cli import main
from sfumato_train.config import UpsamplerStage
from sfumato_train.context import Context
from sfumato_train.recipes.tiny import tiny
from sfumato_train.tasks import task_of

UPSAMPLERS = ("upsampler_256", "upsampler_1024")


@pytest.fixture(scope="module")
def runs(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints of all stages, each trained on those before it."""
    folder = tmp_path_factory.mktemp("end") / "runs"
    for stage in tiny().stages:
        where = ["--data", str(tiny_store), "--runs", str(folder)]
        often = ["--set", "train.save_every=5", "--set", "train.keep=99"] if stage in UPSAMPLERS else []
        assert main(["run", stage, "--recipe", "tiny", *where, *often]) == 0, stage
    return folder


@pytest.fixture(scope="module")
def context(runs: Path, tiny_store: Path) -> Context:
    return Context(data=tiny_store, runs=runs)


@pytest.fixture(scope="module")
def bundle(runs: Path) -> Path:
    folder = runs.parent / "tiny"
    assert main(["export", str(runs), "--recipe", "tiny", "--out", str(folder), "--version", "0.0.7"]) == 0
    return folder


@pytest.mark.parametrize("stage", list(tiny().stages))
def test_the_loss_falls_in_every_stage(runs: Path, context: Context, stage: str) -> None:
    """On one and the same batch: crops and noise differ more from batch to batch than a few steps can teach."""
    lines = [json.loads(line) for line in (runs / stage / "stats.jsonl").read_text().splitlines()]
    configured = tiny().stages[stage]
    assert lines[-1]["step"] == configured.train.steps
    assert all(np.isfinite(line["loss"]) for line in lines)
    if isinstance(configured, UpsamplerStage):
        # An upsampler begins as smooth enlargement, which hardly anything betters on flat shapes: the few steps here
        # teach it to ignore the noise. The untrained autoencoder's mistakes would hide even that.
        configured = dataclasses.replace(configured, through_autoencoder=0.0)
    task = task_of(configured, context)
    batch, network = task.batch(0, 16), task.network.train()

    def loss() -> float:
        with torch.no_grad():
            return float(task.loss(network, batch)["loss"])

    begin = all_checkpoints(runs / stage)[0] if stage in UPSAMPLERS else None
    if begin is not None:
        network.load_state_dict(load_network(begin, weights="model")[0].state_dict())
    before = loss()
    end = runs / stage / f"step-{configured.train.steps:08d}.safetensors"
    network.load_state_dict(load_network(end, weights="model")[0].state_dict())
    assert loss() < 0.95 * before


@pytest.mark.parametrize("stage", list(tiny().stages))
def test_every_stage_leaves_a_sheet(runs: Path, stage: str) -> None:
    (sheet,) = (runs / stage).glob("sheet-*.png")
    with Image.open(sheet) as image:
        assert np.asarray(image).std() > 2


def test_the_autoencoder_has_learnt_more_than_the_mean(runs: Path) -> None:
    last = json.loads((runs / "autoencoder" / "stats.jsonl").read_text().splitlines()[-1])
    assert last["psnr"] > 9  # a flat grey gives about 6


@pytest.mark.parametrize("size", [256, 1024])
def test_the_bundle_draws(bundle: Path, size: int) -> None:
    model = Sfumato(bundle, threads=1)
    (picture,) = model.draw("a red ball", seed=5, size=size)
    assert picture.pixels.shape == (size, size, 4)
    assert picture.pixels.std() > 1
    assert picture.settings.version == "0.0.7"
    (again,) = model.draw("a red ball", seed=5, size=size)
    assert np.array_equal(again.pixels, picture.pixels)
    (other,) = model.draw("a green house", seed=5, size=size)
    assert not np.array_equal(other.pixels, picture.pixels)


def test_the_command_draws_with_it(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn.png"
    arguments = ["--model", str(bundle), "--size", "256", "--seed", "5", "--output", str(out)]
    assert sfumato(["draw", "a red ball", *arguments]) == 0
    with Image.open(out) as image:
        assert image.size == (256, 256)


def test_the_bundle_speaks(bundle: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Hardly trained, it says words of the captions' vocabulary."""
    path = tmp_path / "square.png"
    Image.fromarray(np.full((64, 64, 3), 180, np.uint8)).save(path)
    assert sfumato(["describe", str(path), "--model", str(bundle), "-n", "2"]) == 0
    assert len(set(capsys.readouterr().out.splitlines())) == 2
    assert sfumato(["suggest", "a red", "--model", str(bundle), "-n", "2", "--seed", "3"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(set(said)) == 2
    assert all(line.startswith(("a red ", "a red,")) for line in said)


def test_the_card_tells_of_the_training(bundle: Path) -> None:
    card = (bundle / "CARD.md").read_text(encoding="utf-8")
    stages = tiny().stages
    for name in ("clip", "prior", "decoder"):
        train = stages[name].train
        assert f"| {train.steps} | {train.batch} |" in card
    assert "all-MiniLM-L6-v2" in card


def test_a_finished_run_is_neither_overwritten_nor_trained_on(
    runs: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "prior", "--recipe", "tiny", "--data", str(tiny_store), "--runs", str(runs)]
    before = sorted(path.stat().st_mtime_ns for path in (runs / "prior").glob("step-*"))
    assert main(command) == 2
    assert "holds a run already" in capsys.readouterr().err.replace("\n", " ")
    assert main([*command, "--resume"]) == 0
    assert "Resumed from step-00000060.safetensors." in capsys.readouterr().err
    assert sorted(path.stat().st_mtime_ns for path in (runs / "prior").glob("step-*")) == before


def test_a_run_can_begin_with_another_ones_weights(runs: Path, tiny_store: Path, tmp_path: Path) -> None:
    (tmp_path / "clip").symlink_to(runs / "clip")
    where = ["--recipe", "tiny", "--data", str(tiny_store), "--runs", str(tmp_path), "--steps", "1"]
    begin = ["--start-from", str(runs / "prior" / "step-00000060.safetensors")]
    assert main(["run", "prior", *where, *begin, "--set", "train.optim.learning_rate=1e-9"]) == 0
    begun = json.loads((tmp_path / "prior" / "stats.jsonl").read_text().splitlines()[0])
    fresh = json.loads((runs / "prior" / "stats.jsonl").read_text().splitlines()[0])
    assert begun["loss"] < fresh["loss"]
    assert main(["run", "prior", *where, "--start-from", str(runs / "clip" / "step-00000040.safetensors")]) == 2
