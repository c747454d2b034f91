"""The command as a process of its own: what it loads, terminals, pipes, Ctrl-C, a full disk."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.painter import STEPS, names, one_sentence

PATIENCE = 300  # seconds; long, for a machine that has much else to do
ROOT = Path(__file__).parents[2]
# A process in which the painter takes the facade's place; FIRST is run before the command.
PAINTED = """
import resource, sys, time
from support.painter import Painter
import sfumato.api
sfumato.api.Sfumato = Painter
{first}
from sfumato.cli import main
sys.exit(main(sys.argv[1:]))
"""
HEAVY = ("torch", "openvino", "numpy", "PIL", "tokenizers", "rich")


def environment() -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / folder) for folder in ("src", "tests"))
    return {**os.environ, "PYTHONPATH": path, "TERM": "xterm"}


def painted(*argv: str, first: str = "") -> list[str]:
    return [sys.executable, "-c", PAINTED.format(first=first), *argv]


def run(command: Sequence[str], where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=where, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.parametrize("argv", [[], ["--help"], ["draw", "--help"], ["draw", "a fox", "-o", "fox.gif"]])
def test_nothing_heavy_is_loaded_before_it_is_needed(argv: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from sfumato.cli import main; main(sys.argv[1:]);"
        f"print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    ran = run([sys.executable, "-c", code, *argv], tmp_path)
    assert ran.stdout.splitlines()[-1] == "loaded: []", ran.stderr


def test_python_m_sfumato(tmp_path: Path) -> None:
    ran = run([sys.executable, "-m", "sfumato", "--help"], tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: sfumato ")


def test_a_pipe_gets_file_names_and_nothing_else(tmp_path: Path) -> None:
    ran = run(painted("draw", "a fox", "-n", "2", "--seed", "1"), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["a-fox-1.png", "a-fox-2.png", "a-fox-1-sheet.png"]


def test_a_terminal_gets_the_bar(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        painted("draw", "a fox", "--seed", "1"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=slave,
    ) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    os.close(slave)
    written = os.read(master, 100_000).decode()
    os.close(master)
    assert (process.returncode, out) == (0, b"a-fox-1.png\n")
    assert "upsampler 256" in written


def test_ctrl_c_stops_between_two_steps_and_leaves_nothing(tmp_path: Path) -> None:
    slow = "Painter.before_step = staticmethod(lambda step: (print(step, flush=True), time.sleep(0.2)))"
    with subprocess.Popen(
        painted("draw", "a fox", "-n", "50", "-o", "new/fox.png", first=slow),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert len(out.splitlines()) < 50 * STEPS - 1  # the steps after the first of fifty pictures
    assert (process.returncode, err) == (130, "Stopped.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A limit on the size of files: the second half of the picture does not fit."""
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    (tmp_path / "fox.png").write_text("the old one")
    ran = run(painted("draw", "a fox", "-o", "fox.png", first=limit), tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert one_sentence(ran.stderr, "fox.png")
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_text() == "the old one"


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_no_space_left_leaves_nothing(tmp_path: Path, step: str) -> None:
    full = f"""
import errno, os
def full(*_args): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
{step} = full
"""
    ran = run(painted("draw", "a fox", "-o", "fox.png", first=full), tmp_path)
    assert ran.returncode == 2
    assert one_sentence(ran.stderr, "fox.png", "o space left")
    assert names(tmp_path) == []
