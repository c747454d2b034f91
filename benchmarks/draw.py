"""How long drawing takes here: cold, warm, pictures an hour, memory, and beside PyTorch and diffusers.

    python benchmarks/draw.py [--install] [--torch-model FOLDER] [--unclip-python PYTHON] [--output FOLDER]

All in one run, on two cores, medians after a warm-up. Prints a Markdown table, and writes it with all figures
as JSON to the output folder. On a machine that does other work the figures are those of that load, which the
table states.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench import cases
from bench.cases import Options
from bench.host import host, use_cores
from bench.process import ChildError
from bench.report import markdown


def main() -> int:
    arguments = _arguments()
    options = Options(**{field.name: getattr(arguments, field.name) for field in fields(Options)})
    results: dict[str, Any] = {"host": host(use_cores(options.cores))}
    try:
        for name, case in _cases(options, results).items():
            print(f"measuring: {name} …", file=sys.stderr, flush=True)
            results[name] = case()
    except ChildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    table = markdown(results)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "draw.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (arguments.output / "draw.md").write_text(table, encoding="utf-8")
    print(table)
    return 0


def _cases(options: Options, results: dict[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    return {
        "cold": lambda: cases.cold(options),
        "warm": lambda: cases.warm(options),
        "install": lambda: cases.install(options),
        "torch": lambda: cases.torch_engine(options, results["warm"]),
        "unclip": lambda: cases.unclip(options, results["warm"]),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sticker", help="the bundle: a name or a folder")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5, help="measured runs of each case, after a warm-up")
    parser.add_argument("--install", action="store_true", help="install into an empty environment and weigh it")
    parser.add_argument("--torch-model", help="a folder: the same bundle exported with its PyTorch weights")
    parser.add_argument("--unclip-python", help="a Python with torch, diffusers and transformers")
    parser.add_argument("--unclip-repeats", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("out/benchmarks"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
