"""Running a program to its end and seeing what it took."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "src"
"""What is measured: this checkout, whatever else is installed."""


class ChildError(Exception):
    """A measured program failed; the message ends in the last line that it said."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a program took from its start to its end."""

    seconds: float
    cpu_seconds: float
    """Of all its threads, in the program and in the system for it."""
    peak_bytes: int
    """The largest resident set of the process, and at least that of its parent (Linux counts from the fork)."""
    out: str

    def json(self) -> dict[str, Any]:
        """The object in the last line that the program printed."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


def run(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> Run:
    """Run `argv` with `env` added to the environment; ChildError unless it ends with exit code 0."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        child = subprocess.Popen([str(word) for word in argv], stdout=out, stderr=err, env=_environment(env))
        # wait4 and not Popen.wait: only the kernel's own account of this one child has its peak memory.
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise ChildError(f"{_name(argv)} ended with {child.returncode}: {_last_line(_text(err))}")
        unit = 1 if sys.platform == "darwin" else 1024
        cpu = usage.ru_utime + usage.ru_stime
        return Run(seconds=seconds, cpu_seconds=cpu, peak_bytes=usage.ru_maxrss * unit, out=_text(out))


def _environment(added: Mapping[str, str] | None) -> dict[str, str]:
    paths = [str(SOURCE), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **(added or {})}


def _name(argv: Sequence[str | Path]) -> str:
    return " ".join(Path(word).name for word in map(str, argv[:4]))


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode(errors="replace"))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
