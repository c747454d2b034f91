"""Reading and preparing shards, measured: samples a second, memory over time, and whether known faults are found.

    python benchmarks/data_scale.py --samples 200000 --folder SCRATCH --output DIR [--workers 2] [--embed 4000]

Makes the shards (kept in SCRATCH for the next time), reads an epoch as training does, prepares them, and prepares the
first `--embed` of them again with the shipped model's embeddings. Writes data_scale.md and .json to the output folder.
"""

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bench.host import host
from bench.memory import MemoryWatch
from bench.wild_shards import PER_SHARD, make_shards, name_of, truths

from sfumato_train.data.scale.places import find_shards
from sfumato_train.data.scale.prepare import prepare
from sfumato_train.data.scale.rules import NEAR_EMBEDDING, NEAR_PICTURE, Rules
from sfumato_train.data.scale.settings import ShardsConfig
from sfumato_train.data.scale.stream import ShardStream
from sfumato_train.data.scenes.sample import StreamConfig

BATCH = 64
READABLE = {"", "duplicate", "too small", "too long or too wide", "caption too short", "not safe for work"}
RULES = Rules(min_side=48, max_aspect=3.0, min_chars=3, max_nsfw=0.5)


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    before = host(arguments.workers)
    raw, broken = arguments.folder / f"raw-{arguments.samples}-{arguments.seed}", _broken(arguments.samples)
    results: dict[str, Any] = {"host": before, "samples": arguments.samples, "seed": arguments.seed}
    results["make"] = _made(raw, arguments, broken)
    _say("reading an epoch")
    results["read"] = _read(raw, arguments, broken)
    _say("preparing")
    results["prepare"] = _prepared(raw, arguments.folder / "clean", RULES, arguments, arguments.samples, broken)
    if arguments.embed:
        _say("preparing with embeddings")
        some = f"{raw}/{{00000..{(arguments.embed - 1) // PER_SHARD:05d}}}.tar"
        rules = replace(RULES, model="sticker", near_cosine=0.995)
        few = [number for number in broken if number * PER_SHARD < arguments.embed]
        results["embed"] = _prepared(some, arguments.folder / "embedded", rules, arguments, arguments.embed, few)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "data_scale.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (arguments.output / "data_scale.md").write_text(markdown(results), encoding="utf-8")
    print(markdown(results))
    return 0


def _broken(samples: int) -> list[int]:
    """Every fiftieth shard breaks off."""
    return list(range(7, -(-samples // PER_SHARD), 50))


def _made(raw: Path, arguments: argparse.Namespace, broken: list[int]) -> dict[str, Any]:
    mark = raw / "made"
    seconds = 0.0
    if not mark.exists():
        _say("making shards")
        started = time.perf_counter()
        make_shards(raw, arguments.samples, seed=arguments.seed, workers=arguments.workers, broken=broken)
        seconds = time.perf_counter() - started
        mark.touch()
    size = sum(path.stat().st_size for path in raw.glob("*.tar"))
    return {"seconds": seconds, "bytes": size, "broken_shards": len(broken)}


def _read(raw: Path, arguments: argparse.Namespace, broken: list[int]) -> dict[str, Any]:
    """One epoch in batches; the names tell whether every readable sample came once."""
    known = truths(arguments.seed, arguments.samples, broken)
    expected = _numbers({number for number, truth in known if truth.fault in READABLE})
    config = StreamConfig(size=64, shards=ShardsConfig(held_out=0.0, workers=arguments.workers))
    stream = ShardStream(find_shards(raw), config, seed=arguments.seed, batch=BATCH)
    records = np.zeros(arguments.samples, np.int64)  # made beforehand: its growth is not the stream's
    count = 0
    started = time.perf_counter()
    with MemoryWatch() as watch:
        for batch in stream.once():
            records[count : count + len(batch.records)] = batch.records
            count += len(batch.records)
    seconds = time.perf_counter() - started
    seen = Counter(records[:count].tolist())
    return {
        "samples": count,
        "expected": len(expected),
        "missing": len(expected - seen.keys()),
        "twice": sum(1 for times in seen.values() if times > 1),
        "should_not_be": len(seen.keys() - expected),
        "seconds": seconds,
        "left_out": stream.tally.counts,
        **_memory(watch, 0.0, seconds),
    }


def _numbers(numbers: set[int]) -> set[int]:
    from sfumato_train.data.stream import concept_id  # noqa: PLC0415

    return {concept_id(name_of(number)) for number in numbers}


def _prepared(
    raw: Path | str, out: Path, rules: Rules, arguments: argparse.Namespace, samples: int, broken: list[int]
) -> dict[str, Any]:
    shutil.rmtree(out, ignore_errors=True)
    started = time.perf_counter()
    with MemoryWatch() as watch:
        at: dict[str, list[float]] = {}
        facts = prepare(raw, out, rules, workers=arguments.workers, progress=_progress(at, watch))
    seconds = time.perf_counter() - started
    lines = (out / "left_out.jsonl").read_text(encoding="utf-8").splitlines()
    found = {line["sample"]: line["reason"] for line in map(json.loads, lines)}
    return {
        "samples": facts["samples"],
        "kept": facts["kept"],
        "seconds": seconds,
        "steps": facts["steps"],
        "left_out": facts["left_out"],
        "terms_lost": facts["terms_lost"][:3],
        "terms_gained": facts["terms_gained"][:3],
        "faults": judged(found, dict(truths(arguments.seed, samples, broken))),
        **_memory(watch, at["measure"][min(1, len(at["measure"]) - 1)], at["measure"][-1]),
    }


def judged(found: dict[str, str], known: dict[int, Any]) -> dict[str, dict[str, float]]:
    """Precision and recall by kind of fault; `found`: reasons by name, `known`: `Truth` by number."""
    near = {NEAR_PICTURE: "duplicate", NEAR_EMBEDDING: "duplicate"}
    said = {name: near.get(reason, reason) for name, reason in found.items()}
    truth = {name_of(number): one.fault for number, one in known.items() if one.fault}
    table = {}
    for fault in sorted(set(truth.values())):
        right = sum(1 for name, reason in said.items() if reason == fault and truth.get(name) == fault)
        planted = sum(1 for one in truth.values() if one == fault)
        claimed = sum(1 for reason in said.values() if reason == fault)
        table[fault] = {
            "planted": planted,
            "found": claimed,
            "precision": right / claimed if claimed else 1.0,
            "recall": right / planted,
        }
    return table


def _memory(watch: MemoryWatch, start: float, end: float) -> dict[str, float]:
    slope = watch.slope(start, end) / 1e6
    return {"peak_mb": round(watch.peak / 1e6), "slope_mb_per_minute": round(slope, 2)}


def markdown(results: dict[str, Any]) -> str:
    at, read = results["host"], results["read"]
    lines = [
        f"{at['cores']} processes or threads on {at['cpu']}, {at['memory_gib']} GiB, load {at['load']} before; Python "
        f"{at['python']}, commit {at['commit']}, {at['date']}; {results['samples']:,} samples "
        f"({results['make']['bytes'] / 1e9:.2f} GB), seed {results['seed']}.",
        "",
        "| | samples | seconds | samples/s | peak MB | growth while reading or measuring, MB a minute |",
        "|---|---|---|---|---|---|",
        _row("reading for training, 64²", read),
        *(_row(name, results[key]) for key, name in _NAMES.items() if key in results),
        "",
        f"Reading: {read['samples']:,} samples where {read['expected']:,} are readable; {read['missing']} missing, "
        f"{read['twice']} twice, {read['should_not_be']} that should not be.",
        "",
    ]
    for key, name in _NAMES.items():
        if key in results:
            lines += [f"## {name}", "", *_steps(results[key]), "", *_faults(results[key]), "", *_terms(results[key])]
    return "\n".join(lines)


_NAMES = {"prepare": "preparing", "embed": "preparing with embeddings"}


def _row(name: str, facts: dict[str, Any]) -> str:
    rate = facts["samples"] / facts["seconds"]
    return (
        f"| {name} | {facts['samples']:,} | {facts['seconds']:.0f} | {rate:,.0f} | {facts['peak_mb']:,.0f} "
        f"| {facts['slope_mb_per_minute']} |"
    )


def _steps(facts: dict[str, Any]) -> list[str]:
    rows = [
        f"| {step['name']} | {step['samples']:,} | {step['seconds']:.1f} | {step['samples'] / step['seconds']:,.0f} |"
        for step in facts["steps"]
    ]
    return ["| step | samples | seconds | samples/s |", "|---|---|---|---|", *rows]


def _faults(facts: dict[str, Any]) -> list[str]:
    rows = [
        f"| {fault} | {one['planted']:,} | {one['found']:,} | {one['precision']:.4f} | {one['recall']:.4f} |"
        for fault, one in facts["faults"].items()
    ]
    return ["| planted fault | planted | found | precision | recall |", "|---|---|---|---|---|", *rows]


def _terms(facts: dict[str, Any]) -> list[str]:
    said = [f"“{one['term']}” × {one['ratio']:.2f}" for one in (*facts["terms_lost"], *facts["terms_gained"])]
    return [f"Terms that lost or gained most: {', '.join(said) or 'none'}.", ""]


def _progress(at: dict[str, list[float]], watch: MemoryWatch) -> Callable[[str, int, int], None]:
    """Writes down in `at` when the pieces of each step were done."""

    def tell(stage: str, done: int, total: int) -> None:
        at.setdefault(stage, []).append(watch.now)
        if done in {0, total} or done % 20 == 0:
            _say(f"  {stage} {done}/{total}")

    return tell


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--embed", type=int, default=4000, help="so many of them also with embeddings; 0: none")
    parser.add_argument("--folder", type=Path, required=True, help="scratch space, some 2 GB for 200,000 samples")
    parser.add_argument("--output", type=Path, default=Path("out"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
