"""Two processes align a decoder as one does, whichever way they share it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sfumato_train.checkpoint import newest
from sfumato_train.context import Context
from support import aligned_ranks
from support.networks import tiny_networks, write_checkpoints
from support.toy import weights_in

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def context(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    networks = tiny_networks()
    first = {name: networks[name] for name in ("clip", "autoencoder")}
    return Context(data=tiny_store, runs=write_checkpoints(tmp_path_factory.mktemp("first"), first))


@pytest.fixture(scope="module")
def together(context: Context, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes left their work."""
    folder = tmp_path_factory.mktemp("aligned")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    told = [str(folder), str(context.data), str(context.runs)]
    command = [*torchrun, str(ROOT / "tests" / "support" / "aligned_ranks.py"), *told]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return folder


def cosines(folder: Path) -> list[float]:
    lines = (folder / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["alignment"] for line in lines]


@pytest.mark.parametrize("way", list(aligned_ranks.STAGES_BY_WAY))
def test_two_processes_reach_the_weights_of_one(together: Path, context: Context, tmp_path: Path, way: str) -> None:
    torch.set_num_threads(1)
    aligned_ranks.run(tmp_path / "alone", context)
    newest(together / way)  # joins what FSDP wrote in parts
    alone, shared = weights_in(tmp_path / "alone"), weights_in(together / way)
    learnt = [name for name in alone if not name.startswith("random")]
    assert {"model/align.0.weight", "ema/align.2.bias", "optim/unet.stem.weight/exp_avg"} <= set(learnt)
    for name in learnt:
        torch.testing.assert_close(shared[name], alone[name], atol=2e-4, rtol=1e-3, msg=name)
    assert cosines(together / way) == pytest.approx(cosines(tmp_path / "alone"), abs=1e-4)


def test_a_perceptron_that_is_not_trained_keeps_nobody_waiting(together: Path) -> None:
    weights = weights_in(together / "idle")
    assert "model/align.0.weight" in weights
    assert not [name for name in weights if name.startswith("optim/align.")]
    assert (together / "done-0").exists()
    assert (together / "done-1").exists()
