"""The measuring of training: counted operations, halves of a step, and what is said about them."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import train_throughput
from bench.matmul import durations, matmul_rate
from bench.training import Step, Untrained, bound, figures, flops_of, measure_stage, step
from bench.training_report import COLUMNS, training_markdown, training_row
from torch import nn

from sfumato.errors import InputError
from sfumato.networks.clip import Clip
from sfumato_train.recipes import recipe
from support.tiny_data import make_tiny_data

SIDE = 24


class Linear:
    """A task whose cost is known: one product of [B, SIDE] and [SIDE, SIDE]."""

    def __init__(self) -> None:
        self.network = nn.Linear(SIDE, SIDE, bias=False)

    def loss(self, network: nn.Module, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"loss": network(batch["x"]).float().square().mean()}


def trainer_of(task: Any) -> Any:
    """What a step needs of a trainer."""
    config = SimpleNamespace(optim=SimpleNamespace(clip=1.0))
    optim = torch.optim.SGD(task.network.parameters(), lr=0.1)
    state = SimpleNamespace(optim=optim, emas=SimpleNamespace(update=lambda network: None))
    return SimpleNamespace(task=task, network=task.network, state=state, config=config, bf16=False)


def test_operations_are_those_of_the_products() -> None:
    batch = {"x": torch.ones(4, SIDE, requires_grad=True)}
    product = 2 * SIDE * SIDE
    assert flops_of(trainer_of(Linear()), batch) == 3 * product  # forward; gradients of inputs and of weights


def test_a_step_descends_and_is_timed() -> None:
    trainer, batch = trainer_of(Linear()), {"x": torch.ones(4, SIDE)}
    before = trainer.task.loss(trainer.network, batch)["loss"].item()
    taken, loss = step(trainer, batch)
    assert loss == pytest.approx(before)
    assert trainer.task.loss(trainer.network, batch)["loss"].item() < before
    assert taken.compute > 0
    assert taken.update > 0
    assert taken.cpu >= 0
    assert all(p.grad is None for p in trainer.network.parameters())


def test_figures_follow_from_the_steps() -> None:
    steps = [Step(compute=c, update=u, cpu=1.0) for c, u in ((0.3, 0.1), (0.2, 0.2), (9.0, 0.2))]
    matmul = {"bf16": 4e9, "fp32": 1e9}
    found = figures(steps, batch=10, made_seconds=0.01, flops=1e7, matmul=matmul, trainer=trainer_of(Linear()))
    assert (found.compute_seconds, found.update_seconds) == (0.3, 0.2)
    assert found.samples_per_second == pytest.approx(20)
    assert found.flops_per_second == pytest.approx(2e8)
    assert (found.share_bf16, found.share_fp32) == (pytest.approx(0.05), pytest.approx(0.2))
    assert found.data_samples_per_second == pytest.approx(100)
    assert found.parameters == SIDE * SIDE
    assert found.arithmetic == "fp32"
    assert found.bound == "forward and backward"


@pytest.mark.parametrize(
    ("compute", "update", "data", "what"),
    [(1, 0.5, 1.4, "forward and backward"), (0.5, 1, 1.4, "optimiser and EMA"), (1, 0.5, 1.6, "data")],
)
def test_what_takes_longest_is_named(compute: float, update: float, data: float, what: str) -> None:
    assert bound(compute=compute, update=update, data=data) == what


def test_work_is_repeated_for_as_long_as_asked() -> None:
    runs: list[int] = []
    assert len(durations(lambda: runs.append(1), seconds=0)) == 1
    assert len(runs) == 2  # one to warm up
    assert sum(durations(lambda: torch.randn(64, 64), seconds=0.01)) >= 0.01


def test_a_matrix_product_has_a_rate() -> None:
    assert matmul_rate(torch.float32, seconds=0, side=64) > 1e6


def test_earlier_stages_are_there_without_training(tmp_path: Path) -> None:
    context = Untrained(data=tmp_path, runs=tmp_path, recipe=recipe("tiny"))
    clip = context.trained("clip")
    assert isinstance(clip, Clip)
    assert not any(p.requires_grad for p in clip.parameters())
    with pytest.raises(InputError, match="builds on 'prior'"):
        context.trained("prior")


def test_a_whole_stage_is_measured(tmp_path: Path) -> None:
    data = make_tiny_data(tmp_path / "data")
    context = Untrained(data=data, runs=tmp_path, recipe=recipe("tiny"))
    found = measure_stage(context, "autoencoder", seconds=0, batch=2)
    values = asdict(found)
    assert values["batch"] == 2
    numbers = [value for value in values.values() if isinstance(value, int | float)]
    assert min(numbers) > 0
    assert found.step_seconds == pytest.approx(found.compute_seconds + found.update_seconds)


def test_a_precomputed_step_counts_no_frozen_network(tmp_path: Path) -> None:
    """The prior's own operations are left; the towers' are gone, and with them the pictures."""
    context = Untrained(data=make_tiny_data(tmp_path / "data"), runs=tmp_path, recipe=recipe("tiny"))
    computed = measure_stage(context, "prior", seconds=0, batch=2)
    read = measure_stage(context, "prior", seconds=0, batch=2, features=tmp_path / "features")
    assert read.parameters == computed.parameters
    assert 0 < read.flops < computed.flops / 2
    assert read.data_samples_per_second > computed.data_samples_per_second


STAGE = {
    "parameters": 23_400_000,
    "batch": 64,
    "arithmetic": "bf16",
    "samples_per_second": 17.04,
    "data_samples_per_second": 250.0,
    "flops": 4.321e9,
    "flops_per_second": 73.6e9,
    "share_bf16": 0.184,
    "share_fp32": 0.47,
    "step_seconds": 4.0,
    "compute_seconds": 3.6,
    "update_seconds": 0.4,
    "cpu_seconds": 7.1,
    "bound": "forward and backward",
}


def test_a_row_for_people() -> None:
    cells = dict(zip(COLUMNS, training_row("decoder", STAGE), strict=True))
    assert cells["parameters"] == "23.4M"
    assert cells["samples/s"] == "17.0"
    assert cells["GFLOP a sample"] == "4.32"
    assert cells["of bf16 product"] == "18%"
    assert cells["forward + backward"] == "3.600 s (90%)"


def test_the_table_says_where_and_what_was_left_out() -> None:
    host = {"cores": 2, "cpu": "A CPU", "memory_gib": 16.0, "load": 0.1, "python": "3.11", "commit": "abc", "date": "d"}
    stages = {"decoder": STAGE, "upsampler_1024": {"skipped": "no large pictures"}}
    text = training_markdown({"host": host, "torch": "2.13", "threads": 2, "stages": stages})
    assert "2 cores of A CPU" in text
    assert "left out: no large pictures" in text
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {len(COLUMNS) + 1}


def test_the_command_writes_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(context: Untrained, name: str, **_: Any) -> Any:
        if name == "clip":
            raise InputError("The words are missing.")
        return figures(
            [Step(compute=1.0, update=0.5, cpu=2.0)],
            batch=4,
            made_seconds=0.1,
            flops=1e9,
            matmul={"bf16": 2e9, "fp32": 1e9},
            trainer=trainer_of(Linear()),
        )

    monkeypatch.setattr(train_throughput, "measure_stage", measured)
    words = ["--data", str(tmp_path), "--recipe", "tiny", "--stages", "prior, clip", "--output", str(tmp_path / "out")]
    assert train_throughput.main([*words, "--precomputed", "--threads", str(torch.get_num_threads())]) == 0
    read = json.loads((tmp_path / "out" / "train_throughput.json").read_text())
    assert list(read["stages"]) == ["prior", "prior, precomputed", "clip"]
    assert read["stages"]["clip"] == {"skipped": "The words are missing."}
    assert "| prior | " in (tmp_path / "out" / "train_throughput.md").read_text(encoding="utf-8")


def test_an_unknown_stage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_throughput.main(["--data", str(tmp_path), "--stages", "prior,beauty"]) == 2
    assert "no stage beauty; choose among autoencoder" in capsys.readouterr().err
