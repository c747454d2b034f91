"""How fast every stage of a recipe trains here, what share of the machine that is, and what holds it up.

    python benchmarks/train_throughput.py --data FOLDER [--stages clip,decoder] [--threads 2] [--seconds 10]

The full step (forward, backward, optimiser, EMA) on a batch made beforehand, and the making of data alone.
Prints a Markdown table, and writes it with all figures as JSON to the output folder. On a machine that does
other work the figures are those of that load, which the table states.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from bench.host import host
from bench.training import Untrained, measure_stage
from bench.training_report import training_markdown

from sfumato.errors import SfumatoError
from sfumato_train.config import Recipe
from sfumato_train.recipes import recipe


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    torch.set_num_threads(arguments.threads)
    try:
        chosen = recipe(arguments.recipe)
        names = _names(chosen, arguments.stages)
    except SfumatoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    results: dict[str, Any] = {
        "host": host(arguments.threads),
        "torch": torch.__version__,
        "threads": arguments.threads,
        "recipe": chosen.name,
        "stages": {},
    }
    context = Untrained(data=arguments.data, runs=arguments.output, recipe=chosen)
    for name in names:
        print(f"measuring: {name} …", file=sys.stderr, flush=True)
        results["stages"][name] = _measured(context, name, arguments)
        if arguments.precomputed and hasattr(chosen.stages[name], "precomputed"):
            with tempfile.TemporaryDirectory() as folder:
                results["stages"][f"{name}, precomputed"] = _measured(context, name, arguments, Path(folder))
    table = training_markdown(results)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "train_throughput.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (arguments.output / "train_throughput.md").write_text(table, encoding="utf-8")
    print(table)
    return 0


def _measured(
    context: Untrained, name: str, arguments: argparse.Namespace, features: Path | None = None
) -> dict[str, Any]:
    """A stage that cannot be built here is left out with its reason; the others are measured."""
    try:
        found = measure_stage(context, name, seconds=arguments.seconds, batch=arguments.batch, features=features)
        return asdict(found)
    except SfumatoError as error:
        return {"skipped": str(error)}


def _names(chosen: Recipe, stages: str | None) -> list[str]:
    names = list(chosen.stages) if stages is None else [name.strip() for name in stages.split(",")]
    unknown = [name for name in names if name not in chosen.stages]
    if unknown:
        raise SfumatoError(f"There is no stage {', '.join(unknown)}; choose among {', '.join(chosen.stages)}.")
    return names


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="made by `sfumato-train data build`")
    parser.add_argument("--recipe", default="sticker")
    parser.add_argument("--stages", help="only these, separated by commas")
    parser.add_argument("--precomputed", action="store_true", help="a second row of stages that can learn so")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10, help="of steps for each stage, and of making data")
    parser.add_argument("--batch", type=int, help="samples a step instead of the recipe's")
    parser.add_argument("--output", type=Path, default=Path("out/benchmarks"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
