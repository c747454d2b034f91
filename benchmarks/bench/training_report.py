"""The figures of training as a table to read."""

from typing import Any

COLUMNS = (
    "stage",
    "parameters",
    "batch",
    "arithmetic",
    "samples/s",
    "data alone, samples/s",
    "GFLOP a sample",
    "GFLOP/s",
    "of bf16 product",
    "of fp32 product",
    "forward + backward",
    "optimiser + EMA",
    "CPU s a step",
    "bound by",
)


def training_row(name: str, stage: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one stage; of one left out, why."""
    if "skipped" in stage:
        return (name, f"left out: {stage['skipped']}", *[""] * (len(COLUMNS) - 2))
    return (
        name,
        f"{stage['parameters'] / 1e6:.1f}M",
        str(stage["batch"]),
        stage["arithmetic"],
        f"{stage['samples_per_second']:.1f}",
        f"{stage['data_samples_per_second']:.1f}",
        f"{stage['flops'] / 1e9:.2f}",
        f"{stage['flops_per_second'] / 1e9:.1f}",
        f"{stage['share_bf16']:.0%}",
        f"{stage['share_fp32']:.0%}",
        _share(stage, "compute_seconds"),
        _share(stage, "update_seconds"),
        f"{stage['cpu_seconds']:.2f}",
        stage["bound"],
    )


def training_markdown(results: dict[str, Any]) -> str:
    """The host in a sentence and a row for each stage."""
    host = results["host"]
    where = f"{host['cores']} cores of {host['cpu']}, {host['memory_gib']} GiB, load {host['load']} before"
    when = f"Python {host['python']}, torch {results['torch']}, {results['threads']} threads, commit {host['commit']}"
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(training_row(*item) for item in results["stages"].items())]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([f"{where}; {when}, {host['date']}.", "", *table, ""])


def _share(stage: dict[str, Any], part: str) -> str:
    """Seconds a step and their share of it."""
    return f"{stage[part]:.3f} s ({stage[part] / stage['step_seconds']:.0%})"
