"""Draws warm, in a process of its own, and prints how long everything took as one line of JSON."""

import argparse
import json
import statistics
import time
from typing import Any


def main() -> None:
    arguments = _arguments()
    begin = time.perf_counter()
    from sfumato.api import Sfumato  # noqa: PLC0415 - its import is one of the things measured

    imported = time.perf_counter()
    model = Sfumato(arguments.model, engine=arguments.engine, threads=arguments.threads, precision=arguments.precision)
    opened = time.perf_counter()
    jobs = {job: _measure(model, job, arguments) for job in arguments.jobs.split(",")}
    print(json.dumps({"import": imported - begin, "open": opened - imported, "jobs": jobs}))


def _measure(model: Any, job: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """`job` is NxSIZE: N pictures of that size at once. The first draw is told apart from the warm ones."""
    n, size = map(int, job.split("x"))
    first, *warm = [_draw(model, n, size, seed, arguments) for seed in range(arguments.repeats + 1)]
    stages = warm[0]["stages"]
    return {
        "first": first["seconds"],
        "warm": [draw["seconds"] for draw in warm],
        "warm_cpu": [draw["cpu"] for draw in warm],
        "stages": {stage: statistics.median(draw["stages"][stage] for draw in warm) for stage in stages},
        "settings": first["settings"],
    }


def _draw(model: Any, n: int, size: int, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    begin, cpu = time.perf_counter(), time.process_time()
    pictures = model.draw(
        arguments.prompt,
        n=n,
        size=size,
        seed=seed,
        steps=arguments.steps,
        guidance=arguments.guidance,
        sampler=arguments.sampler,
    )
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    assert [picture.pixels.shape[:2] for picture in pictures] == [(size, size)] * n
    settings = pictures[0].settings
    return {
        "seconds": seconds,
        "cpu": cpu,
        "stages": dict(pictures[-1].seconds),
        "settings": {name: getattr(settings, name) for name in ("steps", "guidance", "sampler", "model", "version")},
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="sticker")
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--precision", choices=["bf16", "f32"])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--prompt", default="a red fox")
    parser.add_argument("--jobs", required=True, help="such as 1x1024,8x256")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--sampler")
    return parser.parse_args()


if __name__ == "__main__":
    main()
