"""Two processes do together what one does alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sfumato_train.distributed import averaged, gathered, process_group, world, wrapped
from sfumato_train.loop import Trainer
from support import ranks
from support.toy import ToyTask, toy_stage, weights_in

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes left their work."""
    folder = tmp_path_factory.mktemp("ranks")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [*torchrun, str(ROOT / "tests" / "support" / "ranks.py"), str(folder)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode == 0, ran.stderr
    return folder


def test_two_processes_reach_the_weights_of_one(together: Path, tmp_path: Path) -> None:
    Trainer(ToyTask(), toy_stage(steps=6), tmp_path).run()
    alone, shared = weights_in(tmp_path), weights_in(together / "toy-0")
    learnt = [name for name in alone if "statistics" not in name and "random" not in name]  # each rank's own
    assert shared.keys() - alone.keys() == {"random/1"}
    assert alone.keys() <= shared.keys()
    assert any(name.startswith("ema/") for name in learnt)
    for name in learnt:
        torch.testing.assert_close(shared[name], alone[name], atol=1e-5, rtol=1e-4)
    begun = ToyTask().network.state_dict()
    assert (alone["model/0.weight"] - begun["0.weight"]).abs().max() > 1e-2


def test_only_the_first_process_writes(together: Path) -> None:
    assert list((together / "toy-1").iterdir()) == []
    names = {path.name for path in (together / "toy-0").iterdir() if not path.name.startswith("events")}
    assert names == {
        "stats.jsonl",
        "sheet-00000003.png",
        "sheet-00000006.png",
        "step-00000004.safetensors",
        "step-00000006.safetensors",
    }


def test_the_contrastive_loss_and_its_gradients_are_those_of_the_whole_batch(together: Path) -> None:
    expected = ranks.contrastive_gradients(ranks.Towers(), ranks.contrastive_batch())
    assert len(expected) == 6
    for rank in (0, 1):
        found = load_file(together / f"gradients-{rank}.safetensors")
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            assert name == "loss" or gradient.abs().max() > 1e-4
            torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-4)


def test_processes_stop_together_though_their_clocks_disagree(together: Path) -> None:
    assert [(together / f"stopped-{rank}").read_text() for rank in (0, 1)] == ["1", "1"]
    assert (together / "late-0" / "step-00000001.safetensors").exists()


def test_alone_nothing_is_wrapped_or_sent() -> None:
    x = torch.randn(3, 2, requires_grad=True)
    network = nn.Linear(2, 2)
    with process_group():
        assert world() == (0, 1)
        assert gathered(x) is x
        assert averaged(x) is x
        assert wrapped(network) is network
