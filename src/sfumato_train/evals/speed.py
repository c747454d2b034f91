"""How fast the model draws on this machine, in the same run as everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from sfumato.pipeline.generate import draw
from sfumato.pipeline.model import load_model

from .bench import Bench
from .drawing import request_for
from .report import Scores

PROMPT = "a red apple"
SMALL, LARGE = 256, 1024


def measure_speed(bench: Bench) -> Scores:
    """Pictures an hour at 256² and seconds for one of 1024², warm: medians over `config.speed` single pictures."""
    scores: Scores = {}
    tick = bench.tick("speed")
    for part, size in enumerate(size for size in (SMALL, LARGE) if size in bench.engine.manifest.sizes):
        seconds = _median(_drawing(bench, size), bench.config.speed)
        scores[f"speed.seconds_{size}"] = round(seconds, 3)
        if size == SMALL:
            scores["speed.pictures_an_hour"] = round(3600 / seconds)
        tick(part + 1, 2)
    return scores


def _drawing(bench: Bench, size: int) -> Callable[[], object]:
    model = load_model(bench.engine)
    asked = request_for(bench.engine, PROMPT, system="unclip", seed=bench.config.seed)
    request = replace(asked, size=size)
    return lambda: draw(model, request)


def _median(work: Callable[[], object], count: int) -> float:
    """Of `count` runs after one that warms up."""
    work()
    times = []
    for _ in range(count):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return sorted(times)[len(times) // 2]
