"""Two processes, in both ways of sharing a network, do what one does alone, and go on with each other's work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sfumato.networks.weights import read_tensors
from sfumato_train import checkpoint
from sfumato_train.config import TrainConfig
from sfumato_train.loop import Trainer
from sfumato_train.parallel import Parallel, blocks
from support.numbered import Network, NumberedTask, fingerprint, numbered_stage, order_in
from support.spread_runs import MUON, STEPS
from support.toy import weights_in

ROOT = Path(__file__).parents[2]


def torchrun(folder: Path, scenario: str, *options: str) -> subprocess.Popen[str]:
    """Two processes of a scenario."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *options]
    script = str(ROOT / "tests" / "support" / "spread_runs.py")
    return subprocess.Popen(
        [*command, script, str(folder), scenario],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def alone(folder: Path, **settings: object) -> dict[str, Tensor]:
    """Weights of a run of one process."""
    trainer = Trainer(NumberedTask(), numbered_stage(**({"steps": STEPS} | settings)), folder)
    trainer.resume()
    trainer.run()
    return weights_in(folder)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes left their work."""
    folder = tmp_path_factory.mktemp("spread")
    alone(folder / "alone")
    process = torchrun(folder, "spread")
    _, errors = process.communicate(timeout=500)
    assert process.returncode == 0, errors
    return folder


def check_close(found: dict[str, Tensor], wanted: dict[str, Tensor], *, atol: float = 1e-5) -> None:
    """All but what is each process's own: random states and statistics of its share of the batch."""
    names = [name for name in wanted if not name.startswith("random") and "statistics" not in name]
    assert {name for name in found if not name.startswith("random")} >= set(names)
    assert {"ema@0.5/head.weight", "optim/stem.weight/exp_avg"} <= set(names)
    for name in names:
        torch.testing.assert_close(found[name], wanted[name], atol=atol, rtol=1e-4, msg=name)


@pytest.mark.parametrize("way", ["ddp", "fsdp"])
def test_two_processes_reach_the_weights_averages_and_moments_of_one(together: Path, tmp_path: Path, way: str) -> None:
    wanted = alone(tmp_path / "whole")
    check_close(weights_in(together / way), wanted)
    begun = NumberedTask().network.state_dict()["head.weight"]
    assert (wanted["model/head.weight"] - begun).abs().max() > 1e-2


def test_two_processes_take_muons_steps_as_one(together: Path, tmp_path: Path) -> None:
    found, wanted = weights_in(together / "fsdp-muon"), alone(tmp_path, optim=MUON)
    assert "optim/blocks.0.inner.weight/momentum_buffer" in wanted
    check_close(found, wanted, atol=1e-4)


def test_in_bfloat16_it_learns_too_with_weights_in_float32(together: Path, tmp_path: Path) -> None:
    found, wanted = weights_in(together / "fsdp-bf16"), alone(tmp_path)
    assert found["model/head.weight"].dtype == torch.float32
    distance = (found["model/head.weight"] - wanted["model/head.weight"]).abs().max()
    assert 0 < distance < 0.05


@pytest.mark.parametrize("way", ["ddp", "fsdp"])
def test_no_sample_is_lost_or_seen_twice(together: Path, way: str) -> None:
    orders = [order_in(together / f"order-{way}-{rank}.jsonl") for rank in (0, 1)]
    assert [len(order) for order in orders] == [2 * STEPS, 2 * STEPS]  # two parts a step
    seen = sorted(number for order in orders for numbers in order for number in numbers)
    assert seen == list(range(8 * STEPS))
    assert orders[1][0] == [4, 5]


def test_one_process_goes_on_with_what_two_saved_in_parts(together: Path, tmp_path: Path) -> None:
    folder = together / "fsdp"
    assert checkpoint.all_checkpoints(folder)[-1].name == "step-00000006.safetensors"  # joined by weights_in
    trainer = Trainer(NumberedTask(), numbered_stage(steps=2 * STEPS, keep=9), folder)
    assert trainer.resume()
    assert (trainer.step, trainer.state.samples) == (STEPS, 8 * STEPS)
    trainer.run()
    check_close(weights_in(folder), alone(tmp_path, steps=2 * STEPS))


def test_parts_are_read_as_they_are(together: Path) -> None:
    parts = together / "fsdp-muon" / "step-00000006.sharded"
    assert sorted(path.name for path in parts.iterdir()) == ["index.json", "rank-0.safetensors", "rank-1.safetensors"]
    source = checkpoint.source(parts)
    whole, _ = read_tensors(checkpoint.newest(together / "fsdp-muon") or parts, "")
    for name, tensor in whole.items():
        assert torch.equal(source.read(name, None), tensor)
    name = "model/head.weight"  # three rows: two and one
    held = [read_tensors(parts / f"rank-{rank}.safetensors", name)[0][""].shape[0] for rank in (0, 1)]
    assert held == [2, 1]
    assert torch.equal(source.read(name, (1, 3)), whole[name][1:3])


@pytest.mark.parametrize("way", ["ddp", "fsdp"])
def test_two_processes_go_on_with_what_one_saved(together: Path, tmp_path: Path, way: str) -> None:
    check_close(weights_in(together / f"from-alone-{way}"), alone(tmp_path, steps=2 * STEPS))


def test_the_sheet_of_a_spread_network_is_drawn(together: Path) -> None:
    assert {path.name for path in (together / "fsdp").glob("sheet-*")} >= {"sheet-00000003.png", "sheet-00000006.png"}


def test_a_disk_that_fails_one_process_is_told_to_all_and_the_last_checkpoint_stays(together: Path) -> None:
    said = [(together / f"refused-{rank}").read_text() for rank in (0, 1)]
    assert "(process 1 failed); free some space and resume." in said[0]
    assert "Input/output error" in said[1]
    assert checkpoint.source(together / "fsdp" / "step-00000006.sharded").metadata["step"] == "6"
    assert not (together / "fsdp" / "step-00000007.sharded").exists()


def curve(folder: Path) -> list[tuple[int, float]]:
    lines = [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines]


@pytest.mark.slow
def test_a_killed_process_is_begun_again_and_the_run_is_the_uninterrupted_one(tmp_path: Path) -> None:
    for scenario in ("elastic", "steady"):
        (tmp_path / scenario).mkdir()
        process = torchrun(tmp_path / scenario, scenario, "--max-restarts", "1")
        _, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors
    killed, steady = tmp_path / "elastic", tmp_path / "steady"
    assert {(killed / f"from-{rank}-1").read_text() for rank in (0, 1)} == {"3"}
    assert not (steady / "from-0-1").exists()
    assert [step for step, _ in curve(steady / "run")] == list(range(1, 9))
    assert curve(killed / "run") == curve(steady / "run")
    assert fingerprint(killed / "run") == fingerprint(steady / "run")


def test_told_to_stop_all_processes_stop_at_the_same_step_and_save_it(tmp_path: Path) -> None:
    process = torchrun(tmp_path, "terminated")
    deadline = time.monotonic() + 200
    while not all((tmp_path / f"begun-{rank}").exists() for rank in (0, 1)):
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=200)
    said = [(tmp_path / f"stopped-{rank}").read_text() for rank in (0, 1)]
    assert said[0] == said[1]
    step, code = said[0].split()[:2]
    assert code == "143"
    assert checkpoint.newest(tmp_path / "run") == tmp_path / "run" / f"step-{int(step):08d}.safetensors"


def test_blocks_are_the_composite_items_of_lists_and_sequences() -> None:
    network = Network(0.0)
    assert blocks(network) == list(network.blocks)
    nested = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ModuleList([nn.Sequential(Network(0.0)), nn.ReLU()]))
    assert blocks(nested) == [nested[1][0][0]]


def test_recomputing_changes_nothing_but_memory(tmp_path: Path) -> None:
    wanted, found = alone(tmp_path / "kept"), alone(tmp_path / "recomputed", recompute=True)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_recomputing_runs_every_block_twice() -> None:
    network = Network(0.0)
    calls: list[int] = []
    network.blocks[0].norm.register_forward_hook(lambda *_: calls.append(1))
    parallel = Parallel(network, TrainConfig(recompute=True), bf16=False)
    parallel.module(torch.ones(2, 5)).sum().backward()
    assert len(calls) == 2


def test_accumulated_parts_are_the_whole_batch(tmp_path: Path) -> None:
    wanted, found = alone(tmp_path / "at-once"), alone(tmp_path / "in-parts", accumulate=4, workers=3)
    check_close(found, wanted)
