"""The outcome of a trial as a table to read."""

from collections.abc import Sequence
from typing import Any

NOTE = {
    "loss": "held-out loss on v",
    "x_0_mse": "error of x_0",
    "top1": "CLIP top-1",
    "top5": "CLIP top-5",
    "through": "cosine with the real",
    "named": "judge names it",
    "sure": "judge's certainty",
    "distance": "kernel distance",
    "samples": "samples",
    "seconds": "CPU s",
}


def trial_markdown(name: str, results: dict[str, Any]) -> str:
    """Where and how it was measured, in a sentence, and a row for each arm."""
    host = results["host"]
    heads = [key for key in NOTE if any(key in row for row in results["arms"].values())]
    lines = [
        ["arm", *(NOTE[key] for key in heads)],
        ["---"] * (len(heads) + 1),
        *([arm, *(_cell(key, row) for key in heads)] for arm, row in results["arms"].items()),
    ]
    where = f"{host['cores']} of {host['machine_cores']} cores, {host['memory_gib']} GiB, load {host['load']}"
    how = f"commit {host['commit']}, {host['date']}, seed {results['seed']}, data {results['data'][:12]}"
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"## {name}\n\n`{results['command']}`; {where}; {how}; {_setting(results)}.\n\n{table}\n"


def _setting(results: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in results["setting"].items())


def _cell(key: str, row: dict[str, float]) -> str:
    if key not in row:
        return ""
    value = row[key]
    if key in ("top1", "top5", "named"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if key in ("samples", "seconds") else f"{value:.4f}"


def best(results: dict[str, Any], key: str, *, high: bool) -> Sequence[str]:
    """The arms from the best on."""
    return sorted(results["arms"], key=lambda arm: results["arms"][arm][key], reverse=high)
