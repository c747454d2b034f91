"""What is measured. Every case runs in processes of its own and answers seconds, bytes and ratios."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.process import ChildError, Run, run

HERE = Path(__file__).parent
DRAW = HERE / "draw_child.py"
UNCLIP = HERE / "unclip_child.py"
PROMPT = "a red fox"
SMALL, LARGE, FOUR, EIGHT = "1x256", "1x1024", "4x1024", "8x256"
Figures = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Options:
    """model: a bundle's name or folder. torch_model: the same exported with its PyTorch weights, None
    to leave PyTorch out.

    unclip_python: a Python that has diffusers and transformers, None to leave the peer out.
    """

    model: str = "sticker"
    cores: int = 2
    repeats: int = 5
    torch_model: str | None = None
    unclip_python: str | None = None
    unclip_repeats: int = 2
    install: bool = False


def cold(options: Options) -> Figures:
    """A picture of 1024² from nothing, by the command: once with no compiled graphs kept, then as usual.

    Files come from the system's cache; only the first run after a start of the machine has to read the disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        cache = {"SFUMATO_CACHE": str(Path(folder) / "cache")}
        first, *later = [_command(options, Path(folder), seed, cache) for seed in range(options.repeats + 1)]
    return {
        "first_ever_seconds": first.seconds,
        "seconds": median(one.seconds for one in later),
        "cpu_seconds": median(one.cpu_seconds for one in later),
        "peak_bytes": max(one.peak_bytes for one in (first, *later)),
        "samples": [one.seconds for one in later],
    }


def _command(options: Options, folder: Path, seed: int, env: Mapping[str, str]) -> Run:
    target = folder / f"{seed}.png"
    words = [
        "draw",
        "--size",
        1024,
        "--seed",
        seed,
        "--model",
        options.model,
        "--output",
        target,
        "--",
        PROMPT,
    ]
    done = run([sys.executable, "-m", "sfumato", *map(str, words)], env=env)
    if not target.is_file():
        raise ChildError(f"The command drew nothing: {done.out.strip()}")
    return done


def warm(options: Options, jobs: tuple[str, ...] = (SMALL, LARGE, FOUR, EIGHT)) -> Figures:
    """Draws in one process, after a warm-up for each kind of job."""
    return _draw(options, jobs, "--model", options.model)


def _draw(options: Options, jobs: tuple[str, ...], *words: str) -> Figures:
    argv = [sys.executable, DRAW, "--jobs", ",".join(jobs), "--prompt", PROMPT, "--threads", options.cores]
    done = run([*map(str, argv), "--repeats", str(options.repeats), *words])
    figures = done.json()
    jobs = {name: {**job, **medians(job)} for name, job in figures["jobs"].items()}
    return {**figures, "jobs": jobs, "peak_bytes": done.peak_bytes}


def medians(figures: Figures) -> Figures:
    """Of the warm runs, by the clock and of the CPU."""
    return {"seconds": median(figures["warm"]), "cpu_seconds": median(figures["warm_cpu"])}


def torch_engine(options: Options, ours: Figures) -> Figures:
    """The same networks and decoder settings in PyTorch eager fp32."""
    if options.torch_model is None:
        return {"skipped": "no bundle with PyTorch weights given (--torch-model)"}
    settings = ours["jobs"][LARGE]["settings"]
    same = [word for name in ("steps", "guidance", "sampler") for word in (f"--{name}", str(settings[name]))]
    words = ["--model", options.torch_model, "--engine", "torch", "--precision", "f32", *same]
    theirs = _draw(options, (SMALL, LARGE), *words)
    jobs = {name: {**job, **ratios(job, ours["jobs"][name])} for name, job in theirs["jobs"].items()}
    return {**theirs, "jobs": jobs}


def ratios(theirs: Figures, ours: Figures) -> Figures:
    """How many times as long theirs takes, and how many times the CPU time."""
    return {
        "ratio": theirs["seconds"] / ours["seconds"],
        "cpu_ratio": theirs["cpu_seconds"] / ours["cpu_seconds"],
    }


def unclip(options: Options, ours: Figures) -> Figures:
    """diffusers' UnCLIPPipeline at 256² with networks of our sizes, at its own defaults."""
    if options.unclip_python is None:
        return {"skipped": "no Python with diffusers given (--unclip-python)"}
    with tempfile.TemporaryDirectory() as folder:
        parameters = run([options.unclip_python, UNCLIP, "make", folder]).json()
        counts = map(str, (options.unclip_repeats, options.cores))
        done = run([options.unclip_python, UNCLIP, "run", folder, *counts])
    figures = done.json()
    middle = medians(figures)
    beside = ratios(middle, ours["jobs"][SMALL])
    return {**figures, **middle, **beside, "peak_bytes": done.peak_bytes, "parameters": parameters}


def install(options: Options) -> Figures:
    """The size of a fresh installation without extras: what pip adds to an empty environment."""
    if not options.install:
        return {"skipped": "not asked for (--install)"}
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-m", "venv", folder])
        before = size_of(Path(folder))
        python = next(Path(folder).glob("[bS]*/python*"))
        done = run([python, "-m", "pip", "install", "--quiet", "--no-compile", HERE.parents[1]])
        return {"bytes": size_of(Path(folder)) - before, "seconds": done.seconds}


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder; folders that are linked to do not count."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
