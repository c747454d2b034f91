"""A run that was killed is the run that was not: weights, averages, moments, random states, samples, curve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.numbered import fingerprint, order_in

ROOT = Path(__file__).parents[2]


def trained(folder: Path, kills: int, *settings: str) -> Path:
    """The folder of a run that was killed so often, in its own processes."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    script = str(ROOT / "tests" / "support" / "killed_run.py")
    command = [sys.executable, script, str(folder), str(kills), "5", *settings]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode == 0, ran.stderr
    return folder


def lasting_order(folder: Path, batch: int) -> list[list[int]]:
    """What was trained on in the end: a life takes back what was done after the checkpoint that it began from."""
    lives = [json.loads(line) for line in (folder / "lives.jsonl").read_text().splitlines()]
    lasting: dict[int, list[int]] = {}
    for numbers in order_in(folder / "order.jsonl"):
        step = numbers[0] // batch
        assert lasting.get(step, numbers) == numbers, "a step that is done again sees the same samples"
        lasting[step] = numbers
    assert len(lives) > 1 or len(lasting) == len(order_in(folder / "order.jsonl"))
    return [lasting[step] for step in sorted(lasting)]


def curve(folder: Path) -> list[tuple[int, int, float, float]]:
    lines = [json.loads(line) for line in (folder / "stats.jsonl").read_text().splitlines()]
    return [(line["step"], line["samples"], line["loss"], line["lr"]) for line in lines]


def check_equal(whole: Path, killed: Path, *, steps: int) -> None:
    assert fingerprint(whole).keys() == {"model", "ema", "ema@0.5", "optim", "random"}
    assert fingerprint(killed) == fingerprint(whole)
    everything = [list(range(8 * step, 8 * step + 8)) for step in range(steps)]
    assert lasting_order(whole, 8) == everything
    assert lasting_order(killed, 8) == everything
    assert [line[:2] for line in curve(whole)] == [(step, 8 * step) for step in range(1, steps + 1)]
    assert curve(killed) == curve(whole)


def test_three_kills_change_nothing_and_neither_do_workers(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 0)
    killed = trained(tmp_path / "killed", 3, "workers=2")
    assert len((killed / "lives.jsonl").read_text().splitlines()) == 4
    check_equal(whole, killed, steps=12)


@pytest.mark.slow
def test_twenty_kills_at_random_steps_with_two_workers_change_nothing(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 0, "steps=90", "workers=2")
    killed = trained(tmp_path / "killed", 20, "steps=90", "workers=2")
    lives = [json.loads(line) for line in (killed / "lives.jsonl").read_text().splitlines()]
    assert len(lives) == 21
    assert len(set(lives)) > 10  # they died in different places
    check_equal(whole, killed, steps=90)
