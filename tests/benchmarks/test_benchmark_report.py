import copy
from typing import Any

import pytest
from bench.cases import Options, install, ratios, size_of, torch_engine, unclip
from bench.report import markdown, megabytes, pictures_an_hour, rows, seconds, times

JOB = {"seconds": 2.0, "cpu_seconds": 3.0}
OURS = {
    "jobs": {
        "1x256": {"seconds": 0.5, "cpu_seconds": 0.8},
        "1x1024": JOB,
        "4x1024": {"seconds": 7.25, "cpu_seconds": 12.0},
        "8x256": {"seconds": 4.0, "cpu_seconds": 6.0},
    },
    "peak_bytes": 800_000_000,
}
RESULTS: dict[str, Any] = {
    "host": {
        "cores": 2,
        "cpu": "A CPU",
        "memory_gib": 16.0,
        "load": 0.05,
        "python": "3.11.7",
        "commit": "abc",
        "date": "2026-12-01",
    },
    "cold": {"seconds": 3.456, "cpu_seconds": 4.0, "first_ever_seconds": 12.345, "peak_bytes": 612_300_000},
    "warm": OURS,
    "install": {"bytes": 312_000_000, "seconds": 30.0},
    "torch": {"jobs": {job: {**JOB, "ratio": 4.0, "cpu_ratio": 3.75} for job in ("1x256", "1x1024")}},
    "unclip": {
        "seconds": 44.0,
        "cpu_seconds": 80.0,
        "import": 6.0,
        "load": 1.25,
        "peak_bytes": 1_500_000_000,
        "ratio": 88.0,
        "cpu_ratio": 100.0,
    },
}


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.12 s"), (9.994, "9.99 s"), (12.34, "12.3 s"), (123.4, "123 s")]
)
def test_seconds_have_three_digits(value, text) -> None:
    assert seconds(value) == text


def test_units() -> None:
    assert megabytes(1_234_567_890) == "1,235 MB"
    assert times(3.14159) == "3.1×"


def test_pictures_an_hour() -> None:
    assert pictures_an_hour(RESULTS) == 3600 * 8 / 4.0


def test_every_case_has_its_rows() -> None:
    table = dict(rows(RESULTS))
    assert table["First 1024² picture, cold process"] == "3.46 s (4.00 s of CPU time)"
    assert table["The same, the very first run (graphs not yet compiled)"] == "12.3 s"
    assert table["Four 1024² pictures, warm"] == "7.25 s (12.0 s of CPU time)"
    assert table["256² pictures an hour"] == "7,200"
    assert table["Peak memory with four 1024² at once"] == "800 MB"
    assert table["Fresh installation without extras"] == "312 MB"
    (torch,) = (value for name, value in table.items() if "PyTorch" in name and "1024²" in name)
    assert torch == "2.00 s (3.00 s of CPU time): 4.0× as long, 3.8× the CPU time"
    (peer,) = (value for name, value in table.items() if "UnCLIPPipeline" in name)
    assert peer.startswith("44.0 s")
    assert "88.0× as long" in peer
    assert table["Its import and load, apart"] == "6.00 s + 1.25 s"


def test_what_was_left_out_says_why() -> None:
    results = copy.deepcopy(RESULTS)
    results["torch"] = {"skipped": "no bundle with PyTorch weights given (--torch-model)"}
    assert ("torch", "left out: no bundle with PyTorch weights given (--torch-model)") in rows(results)


def test_the_table_names_the_machine_and_the_commit() -> None:
    first, empty, head, line, *table = markdown(RESULTS).splitlines()
    assert first == ("2 cores of A CPU, 16.0 GiB, load 0.05 before; Python 3.11.7, commit abc, 2026-12-01.")
    assert (empty, head, line) == ("", "| measure | figure |", "|---|---|")
    assert len(table) == len(rows(RESULTS))
    assert all(row.count("|") == 3 for row in table)


def test_ratios_are_theirs_over_ours() -> None:
    theirs = {"seconds": 6.0, "cpu_seconds": 3.0}
    assert ratios(theirs, JOB) == {"ratio": 3.0, "cpu_ratio": 1.0}


def test_optional_cases_are_left_out_unasked() -> None:
    options = Options()
    assert "--install" in install(options)["skipped"]
    assert "--torch-model" in torch_engine(options, OURS)["skipped"]
    assert "--unclip-python" in unclip(options, OURS)["skipped"]


def test_sizes_of_folders(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(bytes(1000))
    (tmp_path / "two").write_bytes(bytes(23))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert size_of(tmp_path) == 1023
