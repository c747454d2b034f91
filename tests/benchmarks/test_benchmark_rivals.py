import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from curves import HEIGHT, MARGIN, points, smoothed
from decoder_rivals import found

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_pictures_that_are_nearest_to_their_prompts_are_found() -> None:
    perfect = found(np.eye(10, dtype=np.float32))
    assert (perfect["top1"], perfect["top5"], perfect["similarity"]) == (1.0, 1.0, 1.0)
    assert (perfect["chance1"], perfect["chance5"]) == pytest.approx((0.1, 0.5))
    swapped = found(np.eye(10, dtype=np.float32)[::-1].copy())
    assert (swapped["top1"], swapped["similarity"]) == (0.0, 0.0)


def test_a_judge_that_finds_all_alike_finds_nothing() -> None:
    assert found(np.ones((8, 8), np.float32))["top5"] == 0.0


def test_smoothing_keeps_a_constant_and_lags_behind_a_step() -> None:
    assert smoothed([3.0] * 5) == pytest.approx([3.0] * 5)
    after = smoothed([0.0, 0.0, 1.0, 1.0])
    assert after[1] == 0 < after[2] < after[3] < 1


def test_a_falling_loss_goes_down_the_panel() -> None:
    places = [tuple(map(float, pair.split(","))) for pair in points([1, 2, 4], [100.0, 10.0, 1.0]).split()]
    assert [y for _, y in places] == pytest.approx([MARGIN, HEIGHT / 2, HEIGHT - MARGIN])
    assert [x for x, _ in places] == sorted(x for x, _ in places)


def test_curves_of_two_runs_stand_in_one_file(tmp_path: Path) -> None:
    for stage in ("clip", "prior"):
        (tmp_path / stage).mkdir()
        lines = [json.dumps({"step": step, "loss": 1 / step}) for step in (1, 2, 3)]
        (tmp_path / stage / "stats.jsonl").write_text("\n".join(lines) + "\n")
    out = tmp_path / "curves.svg"
    files = [tmp_path / stage / "stats.jsonl" for stage in ("clip", "prior")]
    subprocess.run([sys.executable, BENCHMARKS / "curves.py", *files, "--out", out], check=True)
    text = out.read_text(encoding="utf-8")
    assert text.count("<polyline") == 4
    assert ">clip<" in text
    assert ">prior<" in text
