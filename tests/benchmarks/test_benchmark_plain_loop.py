"""The plain loop: the same mathematics as ours, other habits; and the race's table."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import plain_loop
import pytest
import torch
from bench.ours import EVERY_WAY, kept, our_loop
from bench.plain import LADDER, Captioned, Habits, PlainLoop, attention, sdpa
from torch import Tensor

from sfumato.networks import blocks, text
from sfumato_train.context import Context
from sfumato_train.tasks.decoder import DecoderTask
from support.networks import filled, tiny_networks, write_checkpoints
from support.stages import STAGES
from support.tiny_data import make_tiny_data

STAGE: Any = STAGES["decoder"]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    networks = tiny_networks()
    folder = tmp_path_factory.mktemp("plain")
    first = {name: networks[name] for name in ("clip", "autoencoder")}
    return Context(data=make_tiny_data(folder / "data"), runs=write_checkpoints(folder / "runs", first))


@pytest.fixture(scope="module")
def task(context: Context) -> DecoderTask:
    made = DecoderTask(STAGE, context)
    filled(made.network, seed=3).requires_grad_(True)
    return made


def test_the_plain_loss_is_ours(task: DecoderTask) -> None:
    """Computing what is dropped changes nothing but the time; here some drop each condition, some are masked."""
    loop = PlainLoop(task, Habits(), batch=8, steps=1)
    batch = task.batch(0, 8) | {"keep_z": torch.tensor([0.0, 1.0] * 4), "keep_txt": torch.tensor([1.0, 1, 0, 0] * 2)}
    with attention(written_out=False):
        plain = loop.loss(batch)
    torch.testing.assert_close(plain, task.loss(task.network, batch)["loss"], rtol=1e-4, atol=1e-6)


def test_fused_attention_is_the_same_function() -> None:
    make = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(2, 3, n, 8, generator=make) for n in (5, 7, 7))
    mask = torch.ones(2, 1, 1, 7, dtype=torch.bool)
    mask[1, ..., 4:] = False
    torch.testing.assert_close(sdpa(q, k, v, mask), blocks.attend(q, k, v, mask), rtol=1e-4, atol=1e-5)


def test_attention_is_put_back() -> None:
    ours = blocks.attend
    with attention(written_out=False):
        assert blocks.attend is text.attend is sdpa
    assert blocks.attend is text.attend is ours
    with attention(written_out=True):
        assert blocks.attend is ours


def test_every_rung_trains(task: DecoderTask) -> None:
    for habits in LADDER.values():
        loop = PlainLoop(task, habits, batch=4, steps=2)
        before = [p.detach().clone() for p in loop.network.parameters()]
        losses = [loop.step(), loop.step()]
        assert all(loss > 0 for loss in losses)
        moved = [not torch.equal(a, b) for a, b in zip(before, loop.network.parameters(), strict=True)]
        assert sum(moved) > len(moved) / 2
        average = loop.ema.state
        assert any(not torch.equal(average[name], p) for name, p in loop.network.named_parameters())


def test_a_loop_has_networks_of_its_own_over_the_same_data(task: DecoderTask) -> None:
    loop = PlainLoop(task, Habits(layout=True), batch=2, steps=1)
    assert loop.task.network is not task.network
    assert loop.task.inputs.stream is task.inputs.stream
    picture, caption = Captioned(task, 3)[2]
    assert picture.shape == (4, 64, 64)
    assert caption == task.inputs.stream.batch(2, 1).captions[0]


def test_every_round_takes_all_in_turn() -> None:
    taken: list[str] = []
    loops = {name: lambda name=name: taken.append(name) for name in "ab"}
    found = plain_loop.in_turns(loops, 2)  # type: ignore[arg-type]
    assert taken == list("ab" * 3)
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 2, "b": 2}


def test_the_table_compares_medians() -> None:
    host = {"machine_cores": 2, "cpu": "A CPU", "memory_gib": 16.0, "load": 3.0, "commit": "abc", "date": "d"}
    seconds = {"plain": [3.0, 9.0, 3.0], "ours, fp32": [1.5, 1.5, 8.0], "ours, fp32, precomputed": [0.9, 0.9, 1.0]}
    results = {"host": host, "torch": "2", "batch": 6, "seed": 0, "rounds": 3, "seconds": seconds}
    results["precomputing"] = {"seconds": 0.15, "bytes": 12_800}
    assert "| ours, fp32 | 1.500 | 1.500 | 4.0 | 2.00× |" in plain_loop.markdown(results)
    assert "load 3.0; torch 2" in plain_loop.markdown(results)
    # A step saves (1.5 − 0.9)/6 = 100 ms a sample, and precomputing costs 150.
    said = "150.0 CPU ms and 12.8 kB of disk a sample, made once and not in the table. A step saves 100.0 ms"
    assert said in plain_loop.markdown(results)
    assert "paid after 1.5 passes over the samples." in plain_loop.markdown(results)
    seconds["ours, fp32, precomputed"] = [1.6]
    assert "paid never." in plain_loop.markdown(results)


def test_the_race_is_run_and_written(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = dataclasses.replace(STAGE, train=dataclasses.replace(STAGE.train, batch=2))
    monkeypatch.setattr(plain_loop, "recipe", lambda _name: SimpleNamespace(stages={"decoder": quiet}))
    words = ["--data", str(context.data), "--runs", str(context.runs), "--batch", "2", "--rounds", "1"]
    assert plain_loop.main([*words, "--every-way", "--out", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "plain_loop.json").read_text())
    seconds: dict[str, list[float]] = results["seconds"]
    precomputed = "ours, fp32, precomputed"
    assert list(seconds) == [*LADDER, "ours, fp32", precomputed, *(precomputed + name for name in EVERY_WAY)]
    assert 1000 < results["precomputing"]["bytes"] < 10_000
    assert all(len(one) == 1 and one[0] > 0 for one in seconds.values())


def test_missing_stages_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_tiny_data(tmp_path / "data")
    assert plain_loop.main(["--data", str(data), "--runs", str(tmp_path / "none")]) == 2
    assert "clip" in capsys.readouterr().err


def test_masks_are_of_the_loops_own_generator(task: DecoderTask) -> None:
    def masks(loop: PlainLoop) -> Tensor:
        return loop._noised(next(loop.batches))["mask"]

    first, second = (masks(PlainLoop(task, Habits(), batch=8, steps=1)) for _ in range(2))
    assert torch.equal(first, second)


def test_features_cost_time_and_room_and_are_what_the_loop_learns_from(context: Context, tmp_path: Path) -> None:
    """Twelve samples are asked for and a unit is made: the cost is that of the second unit of 128."""
    found = kept(STAGE, context, tmp_path / "features", samples=65)
    assert found.seconds > 0
    assert found.bytes == pytest.approx(2 * (2 * 20 + 6 * 64) + 2000, rel=0.8)
    assert found.stage.precomputed
    take = our_loop(found.stage, context, tmp_path / "run", contiguous=True, fused=True)
    steps: list[Any] = [take(), take()]
    assert all(loss > 0 for _, loss in steps)
    assert blocks.attend is not sdpa
