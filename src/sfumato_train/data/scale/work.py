"""The steps of a preparation over all shards, each done where its rows are missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .choose import Verdict
from .folder import Folder
from .places import Shard
from .rows import facts_of, is_whole
from .rules import Rules, digest
from .runners import Runner
from .steps import Task

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class _Step:
    name: str
    paths: list[Path]
    samples: int
    seconds: float
    resumed: bool

    def told(self) -> dict[str, Any]:
        worked = sum(facts_of(path)["seconds"] for path in self.paths)
        return {
            "name": self.name,
            "samples": self.samples,
            "seconds": self.seconds,
            "worker_seconds": worked,
            "resumed": self.resumed,
        }


@dataclass(kw_only=True)
class Preparation:
    """The steps over all shards; `told` says of each what it took."""

    shards: list[Shard]
    folder: Folder
    rules: Rules
    run: Runner
    threads: int
    progress: Progress
    told: list[dict[str, Any]] = field(default_factory=list)

    def measured(self) -> list[Path]:
        """Rows of `measure`, a file a shard; they hang on the shard and the rules alone."""
        names = [digest("measure", self.rules, shard.url, shard.size) for shard in self.shards]
        paths = [self.folder.work / "measure" / f"{name}.safetensors" for name in names]
        self._do("measure", [self._task("measure", n, path) for n, path in enumerate(paths)])
        return paths

    def embedded(self, verdict: Verdict, inputs: str) -> list[Path]:
        """Rows of `embed` for what the verdict left; `inputs`: a hash of shards and model."""
        root = self.folder.work / f"embed-{digest('embed', self.rules, inputs)}"
        paths = [root / f"{n:05d}.safetensors" for n in range(len(self.shards))]
        self._do("embed", [self._task("embed", n, path, verdict=verdict) for n, path in enumerate(paths)])
        return paths

    def written(self, verdict: Verdict, embedded: Sequence[Path], name: str) -> list[Path]:
        """Rows of `clean`, whose files lie in the folder then; `name`: the digest of all."""
        root = self.folder.work / f"write-{name}"
        paths = [root / f"{n:05d}.safetensors" for n in range(len(self.shards))]
        tasks = [
            self._task("write", n, path, verdict=verdict, embedded=embedded[n] if embedded else None)
            for n, path in enumerate(paths)
        ]
        self._do("write", tasks)
        return paths

    def _task(
        self, step: str, number: int, rows: Path, *, verdict: Verdict | None = None, embedded: Path | None = None
    ) -> Task:
        kept = verdict.kept(number) if verdict else np.zeros(0, bool)
        return Task(
            step=step,
            shard=self.shards[number],
            rules=self.rules,
            rows=rows,
            kept=np.packbits(kept).tobytes(),
            samples=len(kept),
            threads=self.threads,
            tar=self.folder.tar(number),
            embeddings=self.folder.embeddings(number),
            embedded=embedded,
        )

    def _do(self, name: str, tasks: list[Task]) -> None:
        started = time.perf_counter()
        missing = [task for task in tasks if not is_whole(task.rows)]
        done = len(tasks) - len(missing)
        self.progress(name, done, len(tasks))
        for _ in self.run(missing) if missing else ():
            done += 1
            self.progress(name, done, len(tasks))
        paths = [task.rows for task in tasks]
        step = _Step(
            name=name,
            paths=paths,
            samples=sum(facts_of(path)["samples"] for path in paths),
            seconds=time.perf_counter() - started,
            resumed=len(missing) < len(tasks),
        )
        self.told.append(step.told())

    def chosen(self, name: str, choose: Callable[[], Verdict]) -> Verdict:
        """A decision over all samples, timed like a step."""
        started = time.perf_counter()
        self.progress(name, 0, 1)
        verdict = choose()
        self.progress(name, 1, 1)
        seconds = time.perf_counter() - started
        count = len(verdict.faults)
        told = {"name": name, "samples": count, "seconds": seconds, "worker_seconds": seconds, "resumed": False}
        self.told.append(told)
        return verdict
