"""`sfumato-train precompute`, and runs from what it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sfumato_train.cli import main
from sfumato_train.features import make
from support.networks import tiny_networks, write_checkpoints
from support.painter import one_sentence
from support.toy import weights_in

ROOT = Path(__file__).parents[3]
# The tiny recipe's networks, but with the towers of the tests.
SMALL = ["network.embedding=20", "network.text_width=24", "train.batch=16", "train.steps=4", "train.bf16=false"]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    networks = tiny_networks()
    return write_checkpoints(tmp_path / "runs", {name: networks[name] for name in ("clip", "autoencoder")})


def where(tiny_store: Path, runs: Path) -> list[str]:
    return ["--recipe", "tiny", "--data", str(tiny_store), "--runs", str(runs)]


def settings(*more: str) -> list[str]:
    return [word for setting in (*SMALL, *more) for word in ("--set", setting)]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "ROWS", 64)


def test_a_prior_is_trained_from_features(
    tiny_store: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*where(tiny_store, runs), *settings()]
    assert main(["precompute", "prior", "--samples", "100", "--threads", "1", *words]) == 0
    said = capsys.readouterr().err
    assert "3 parts made, 0 were there: 128 samples in" in said
    assert "GB are free" in said
    assert main(["precompute", "prior", "--samples", "100", *words]) == 0
    assert "0 parts made, 3 were there" in capsys.readouterr().err
    assert main(["run", "prior", *words, "--set", "precomputed=true"]) == 0
    last = (runs / "prior" / "stats.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last)["step"] == 4


def test_a_run_without_features_says_what_to_do(
    tiny_store: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*where(tiny_store, runs), *settings("precomputed=true")]
    assert main(["run", "prior", *words]) == 2
    assert one_sentence(capsys.readouterr().err, "no finished features", "sfumato-train precompute")
    assert not (runs / "prior").exists()


def test_another_folder_is_named_on_both_sides(tiny_store: Path, runs: Path, tmp_path: Path) -> None:
    words = [*where(tiny_store, runs), *settings()]
    out = tmp_path / "elsewhere"
    assert main(["precompute", "prior", "--samples", "64", "--seed", "4", "--out", str(out), *words]) == 0
    further = ["--seed", "4", "--set", "precomputed=true", "--set", f"features={out}"]
    assert main(["run", "prior", *words, *further]) == 0
    assert not (runs / "features").exists()


@pytest.mark.parametrize("stage", ["clip", "upsampler_256"])
def test_stages_without_frozen_answers_are_refused(
    tiny_store: Path, runs: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    assert main(["precompute", stage, *where(tiny_store, runs)]) == 2
    assert one_sentence(capsys.readouterr().err, stage, "nothing to precompute", "decoder, prior")


def test_missing_networks_are_named(tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precompute", *where(tiny_store, tmp_path / "none")]) == 2
    assert one_sentence(capsys.readouterr().err, "'clip'", "train it first")
    assert not (tmp_path / "none").exists()


def test_a_signal_ends_it_after_the_part_in_hand(
    tiny_store: Path, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make.write

    def write(*arguments: object) -> None:
        whole(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(make, "write", write)
    words = [*where(tiny_store, runs), *settings()]
    assert main(["precompute", "prior", "--samples", "64", *words]) == 130
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == "Stopped by Ctrl-C after 1 parts, which are kept; the same command goes on."


def torchrun(*words: str) -> None:
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command = [*launch, "sfumato_train", *words]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_two_processes_learn_from_features_what_one_does(tiny_store: Path, runs: Path, tmp_path: Path) -> None:
    """Over more than an epoch: 5 steps of 32 samples of 128."""
    torch.set_num_threads(1)
    words = [*where(tiny_store, runs), *settings("train.batch=32", "train.steps=5", "precomputed=true")]
    assert main(["precompute", "prior", "--samples", "128", *words]) == 0
    torchrun("run", "prior", *words)
    shared = weights_in(runs / "prior")
    (runs / "prior").rename(tmp_path / "by-two")
    assert main(["run", "prior", *words]) == 0
    alone = weights_in(runs / "prior")
    for name, value in alone.items():
        if name.startswith("model/"):
            torch.testing.assert_close(shared[name], value, atol=1e-4, rtol=1e-3)
