"""The decoder's training step against a plain loop over the same network and data, step by step in turns.

    python benchmarks/plain_loop.py --data data --runs runs [--batch 32] [--rounds 5] [--every-way] [--bf16 on|off]

The plain loop is built as diffusers' training examples are (bench/plain.py); the rows between it and ours take over one
of our habits after the other, and the last ones learn from features made beforehand. No row has the alignment that the
recipe trains the decoder with: plain loops know none. Times are seconds of the processor a step with its data, medians
over rounds, one thread: other work on the machine, which the table names, stretches them little and all rows alike.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from bench.host import host
from bench.ours import EVERY_WAY, Kept, arithmetic, kept, our_loop
from bench.plain import LADDER, PlainLoop
from bench.trial_arms import unaligned

from sfumato.errors import SfumatoError
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.recipes import recipe
from sfumato_train.tasks.decoder import DecoderTask

WARM_UP = 1
PRECOMPUTED = ", precomputed"


def main(argv: list[str] | None = None) -> int:
    """Measure and write."""
    options = _arguments(argv)
    torch.set_num_threads(1)
    try:
        results = _results(options)
    except SfumatoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "plain_loop.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (options.out / "plain_loop.md").write_text(markdown(results), encoding="utf-8")
    print(markdown(results))
    return 0


def _results(options: argparse.Namespace) -> dict[str, Any]:
    stage = recipe(options.recipe).stages["decoder"]
    assert isinstance(stage, DecoderStage)
    bf16 = {"on": True, "off": False}.get(options.bf16, stage.train.bf16)
    stage = replace(unaligned(stage), train=replace(stage.train, batch=options.batch, seed=options.seed, bf16=bf16))
    machine, context = host(1), Context(data=options.data, runs=options.runs)
    with tempfile.TemporaryDirectory() as folder:
        steps = options.rounds + WARM_UP
        features = kept(stage, context, Path(folder) / "features", samples=steps * options.batch)
        loops = contestants(stage, features, context, Path(folder), steps=steps, every_way=options.every_way)
        seconds = in_turns(loops, options.rounds)
    return {
        "host": machine | {"machine_cores": os.cpu_count()},
        "torch": torch.__version__,
        "batch": options.batch,
        "seed": options.seed,
        "rounds": options.rounds,
        "precomputing": {"seconds": features.seconds, "bytes": features.bytes},
        "seconds": seconds,
    }


def contestants(
    stage: DecoderStage, features: Kept, context: Context, folder: Path, *, steps: int, every_way: bool
) -> dict[str, Callable[[], object]]:
    """A step of each loop by its name; ours are the last."""
    task, ours = DecoderTask(stage, context), f"ours, {arithmetic(stage)}"
    loops = {name: PlainLoop(task, habits, batch=stage.train.batch, steps=steps) for name, habits in LADDER.items()}
    found: dict[str, Callable[[], object]] = {name: loop.step for name, loop in loops.items()}
    found[ours] = our_loop(stage, context, folder / "ours")
    found[f"{ours}{PRECOMPUTED}"] = our_loop(features.stage, context, folder / "precomputed")
    for name, (contiguous, fused) in EVERY_WAY.items() if every_way else ():
        loop = our_loop(features.stage, context, folder / name, contiguous=contiguous, fused=fused)
        found[f"{ours}{PRECOMPUTED}{name}"] = loop
    return found


def in_turns(loops: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of the processor of every step of every loop, after a step to warm up; each round takes all in turn."""
    for _ in range(WARM_UP):
        for take in loops.values():
            take()
    found: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(rounds):
        for name, take in loops.items():
            start = process_time()
            take()
            found[name].append(process_time() - start)
    return found


def markdown(results: dict[str, Any]) -> str:
    """A row a loop, with its speed over the plain loop's."""
    where = results["host"]
    seconds = {name: median(one) for name, one in results["seconds"].items()}
    plain = seconds["plain"]
    lines = [["loop", "CPU s a step", "lowest", "samples/s", "over plain"], ["---"] * 5]
    for name, one in seconds.items():
        lowest = min(results["seconds"][name])
        lines.append([name, f"{one:.3f}", f"{lowest:.3f}", f"{results['batch'] / one:.1f}", f"{plain / one:.2f}×"])
    said = (
        f"1 of {where['machine_cores']} cores of {where['cpu']}, {where['memory_gib']} GiB, load {where['load']}; "
        f"torch {results['torch']}, commit {where['commit']}, {where['date']}, batch {results['batch']}, seed "
        f"{results['seed']}, {results['rounds']} rounds."
    )
    return "\n".join([said, "", *("| " + " | ".join(line) + " |" for line in lines), "", _paying(results, seconds), ""])


def _paying(results: dict[str, Any], seconds: dict[str, float]) -> str:
    """What the precomputed row leaves out, and after how many passes over the samples it has paid."""
    name = next(name for name in seconds if name.endswith(PRECOMPUTED))
    cost, batch = results["precomputing"], results["batch"]
    saved = (seconds[name.removesuffix(PRECOMPUTED)] - seconds[name]) / batch
    passes = f"after {cost['seconds'] / saved:.1f} passes over the samples" if saved > 0 else "never"
    return (
        f"Rows that are precomputed read what the frozen networks said of their samples before: "
        f"{1000 * cost['seconds']:.1f} CPU ms and {cost['bytes'] / 1000:.1f} kB of disk a sample, made once and not in "
        f"the table. A step saves {1000 * saved:.1f} ms a sample, so with one stage that learns from them it has paid "
        f"{passes}."
    )


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="made by `sfumato-train data build`")
    parser.add_argument("--runs", type=Path, required=True, help="with the stages clip and autoencoder")
    parser.add_argument("--recipe", default="sticker")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every-way", action="store_true", help="ours with other layouts and attentions, too")
    parser.add_argument("--bf16", choices=["on", "off"], help="of ours; without it the faster arithmetic here")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
