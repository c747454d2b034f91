import json
import sys
from pathlib import Path

import pytest
from bench.cases import Options, warm
from bench.process import run

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "draw.py"


def test_warm_draws_are_timed_apart_from_the_first(tiny_bundle) -> None:
    figures = warm(Options(model=str(tiny_bundle), repeats=2, cores=1), ("1x256", "2x256"))
    assert set(figures["jobs"]) == {"1x256", "2x256"}
    for job in figures["jobs"].values():
        assert len(job["warm"]) == len(job["warm_cpu"]) == 2
        assert min(job["warm"]) <= job["seconds"] <= max(job["warm"])
        assert job["settings"]["model"] == "tiny"
        assert {"prior", "decoder", "upsampler_256"} <= set(job["stages"])
        assert sum(job["stages"].values()) <= 2 * max(job["warm"])
    assert figures["import"] > 0
    assert figures["peak_bytes"] > 50e6


@pytest.mark.slow
def test_one_run_gives_figures_and_a_table(tiny_bundle, tmp_path) -> None:
    words = ["--model", tiny_bundle, "--repeats", "1", "--output", tmp_path / "out"]
    done = run([sys.executable, PROGRAM, *words])
    table = (tmp_path / "out" / "draw.md").read_text(encoding="utf-8")
    results = json.loads((tmp_path / "out" / "draw.json").read_text())
    assert done.out == table + "\n"
    assert set(results) == {"host", "cold", "warm", "install", "torch", "unclip"}
    assert "256² pictures an hour" in table
    cold = results["cold"]
    assert cold["samples"] == [cold["seconds"]]
    assert min(cold["seconds"], cold["first_ever_seconds"], cold["cpu_seconds"]) > 0
    assert cold["peak_bytes"] > 50e6


def test_a_missing_model_is_told_and_nothing_written(tmp_path) -> None:
    words = ["--model", tmp_path / "gone", "--repeats", "1", "--output", tmp_path / "out"]
    program = f"import sys, runpy; sys.argv = {[str(PROGRAM), *map(str, words)]!r}\n"
    program += f"sys.path.insert(0, {str(PROGRAM.parent)!r})\n"
    program += "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
    program += "except SystemExit as end: print(end.code)"
    assert run([sys.executable, "-c", program]).out.split()[-1] == "1"
    assert not (tmp_path / "out").exists()
