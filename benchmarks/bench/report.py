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


def pictures_an_hour(results: Results) -> float:
    """At 256², several at once."""
    count = int(EIGHT.partition("x")[0])
    return float(3600 * count / results["warm"]["jobs"][EIGHT]["seconds"])


def _cold(results: Results) -> list[Row]:
    cold = results["cold"]
    return [
        ("First 1024² picture, cold process", seconds(cold["seconds"])),
        ("The same, the very first run (graphs not yet compiled)", seconds(cold["first_ever_seconds"])),
        ("Peak memory of that process", megabytes(cold["peak_bytes"])),
    ]


def _warm(results: Results) -> list[Row]:
    jobs = results["warm"]["jobs"]
    return [
        ("One 256² picture, warm", seconds(jobs[SMALL]["seconds"])),
        ("One 1024² picture, warm", seconds(jobs[LARGE]["seconds"])),
        ("Four 1024² pictures, warm", seconds(jobs[FOUR]["seconds"])),
        ("256² pictures an hour", f"{pictures_an_hour(results):,.0f}"),
        ("Peak memory with four 1024² at once", megabytes(results["warm"]["peak_bytes"])),
    ]


def _install(results: Results) -> list[Row]:
    return [("Fresh installation without extras", megabytes(results["install"]["bytes"]))]


def _torch(results: Results) -> list[Row]:
    torch = results["torch"]
    sizes = ((SMALL, "256²"), (LARGE, "1024²"))
    return [
        (
            f"Same networks and steps in PyTorch eager fp32, one {name} picture",
            f"{seconds(torch['jobs'][job]['seconds'])} ({times(torch['ratio'][job])} as long)",
        )
        for job, name in sizes
    ]


def _unclip(results: Results) -> list[Row]:
    peer = results["unclip"]
    apart = f"{seconds(peer['import'])} + {seconds(peer['load'])}"
    return [
        (
            "diffusers' UnCLIPPipeline, networks of our sizes, its default steps, one 256² picture",
            f"{seconds(peer['seconds'])} ({times(peer['ratio'])} as long)",
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
