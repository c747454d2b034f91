"""The figures as a table to read."""

from collections.abc import Callable
from typing import Any

from bench.cases import EIGHT, FOUR, LARGE, SMALL

Results = dict[str, Any]
Row = tuple[str, str]


def seconds(value: float) -> str:
    """Three digits, no false exactness."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def megabytes(value: float) -> str:
    """In millions of bytes."""
    return f"{value / 1e6:,.0f} MB"


def times(value: float) -> str:
    """A ratio."""
    return f"{value:.1f}×"


def took(figures: Results) -> str:
    """By the clock and, since other work on the machine stretches that, of the CPU."""
    return f"{seconds(figures['seconds'])} ({seconds(figures['cpu_seconds'])} of CPU time)"


def beside(figures: Results) -> str:
    """The same with the ratios to ours."""
    return f"{took(figures)}: {times(figures['ratio'])} as long, {times(figures['cpu_ratio'])} the CPU time"


def pictures_an_hour(results: Results) -> float:
    """At 256², several at once."""
    count = int(EIGHT.partition("x")[0])
    return float(3600 * count / results["warm"]["jobs"][EIGHT]["seconds"])


def _cold(results: Results) -> list[Row]:
    cold = results["cold"]
    return [
        ("First 1024² picture, cold process", took(cold)),
        ("The same, the very first run (graphs not yet compiled)", seconds(cold["first_ever_seconds"])),
        ("Peak memory of that process", megabytes(cold["peak_bytes"])),
    ]


def _warm(results: Results) -> list[Row]:
    jobs = results["warm"]["jobs"]
    return [
        ("One 256² picture, warm", took(jobs[SMALL])),
        ("One 1024² picture, warm", took(jobs[LARGE])),
        ("Four 1024² pictures, warm", took(jobs[FOUR])),
        ("256² pictures an hour", f"{pictures_an_hour(results):,.0f}"),
        ("Peak memory with four 1024² at once", megabytes(results["warm"]["peak_bytes"])),
    ]


def _install(results: Results) -> list[Row]:
    return [("Fresh installation without extras", megabytes(results["install"]["bytes"]))]


def _torch(results: Results) -> list[Row]:
    jobs = results["torch"]["jobs"]
    what = "Same networks and steps in PyTorch eager fp32, one"
    return [(f"{what} {name} picture", beside(jobs[job])) for job, name in ((SMALL, "256²"), (LARGE, "1024²"))]


def _unclip(results: Results) -> list[Row]:
    peer = results["unclip"]
    apart = f"{seconds(peer['import'])} + {seconds(peer['load'])}"
    return [
        (
            "diffusers' UnCLIPPipeline, networks of our sizes, its default steps, one 256² picture",
            beside(peer),
        ),
        ("Its import and load, apart", apart),
        ("Its peak memory", megabytes(peer["peak_bytes"])),
    ]


CASES: dict[str, Callable[[Results], list[Row]]] = {
    "cold": _cold,
    "warm": _warm,
    "install": _install,
    "torch": _torch,
    "unclip": _unclip,
}


def rows(results: Results) -> list[Row]:
    """(what, how much) of every case; a case left out says why."""
    found: list[Row] = []
    for name, table in CASES.items():
        skipped = results[name].get("skipped")
        found += table(results) if skipped is None else [(name, f"left out: {skipped}")]
    return found


def markdown(results: Results) -> str:
    """The host in a sentence and a table of the figures."""
    host = results["host"]
    where = f"{host['cores']} cores of {host['cpu']}, {host['memory_gib']} GiB, load {host['load']} before"
    when = f"Python {host['python']}, commit {host['commit']}, {host['date']}"
    table = [f"| {what} | {value} |" for what, value in rows(results)]
    return "\n".join([f"{where}; {when}.", "", "| measure | figure |", "|---|---|", *table, ""])
