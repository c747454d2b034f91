"""A saver that is killed, or whose power fails, at every boundary of the file system loses nothing.

Each check is also made of a saver that deserves to fail it: one that writes in place, one that syncs nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato_train import checkpoint
from sfumato_train.disk import Disk
from support.faulty_disk import Careless, Counting, PowerCut, Volatile
from support.kill_saver import careful, readable, snapshot

ROOT = Path(__file__).parents[2]


def killed(saver: str, folder: Path) -> list[tuple[str, int | None, int | None]]:
    """Of every boundary its name, what could be read after a SIGKILL there, and after the next save."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    script = ROOT / "tests" / "support" / "kill_saver.py"
    command = [sys.executable, str(script), str(folder / saver), saver]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return [(name, before, after) for name, before, after in json.loads(ran.stdout)]


@pytest.mark.parametrize("saver", ["careful", "in_parts"])
def test_killed_at_every_boundary_everything_is_recoverable(tmp_path: Path, saver: str) -> None:
    found = killed(saver, tmp_path)
    names = [name for name, _, _ in found]
    assert {"create", "write", "sync", "rename", "sync_folder", "remove"} <= set(names)
    assert len(names) >= 11
    renamed = names.index("rename")
    assert [before for _, before, _ in found] == [1] * (renamed + 1) + [2] * (len(names) - renamed - 1)
    assert {after for _, _, after in found} == {3}


def test_a_saver_that_writes_in_place_fails_the_same_check(tmp_path: Path) -> None:
    found = killed("in_place", tmp_path)
    assert None in [before for _, before, _ in found]
    assert all(before is None for name, before, _ in found if name == "write")


def lost_to_power_cuts(folder: Path, disk: type[Volatile]) -> list[str]:
    """Boundary and outcome of every power cut after which neither the old nor the new checkpoint can be read."""
    counting, lost = Counting(), []
    careful(Disk(), folder / "whole", 1)
    careful(counting, folder / "whole", 2)
    for at, name in enumerate([*counting.crossed, "after the last"], 1):
        there = folder / f"{at}"
        careful(Disk(), there, 1)
        volatile = disk(there, at)
        try:
            careful(volatile, there, 2)
        except PowerCut:
            assert name != "after the last"
        for outcome in volatile.after(folder / f"{at}-after"):
            if readable(outcome) not in (1, 2):
                lost.append(f"{name}: {outcome.name}")
    return lost


def test_no_power_cut_loses_the_last_good_checkpoint(tmp_path: Path) -> None:
    assert lost_to_power_cuts(tmp_path, Volatile) == []


def test_without_syncing_power_cuts_do(tmp_path: Path) -> None:
    lost = lost_to_power_cuts(tmp_path, Careless)
    assert "after the last: kept" in lost
    assert "after the last: removed" in lost


def test_a_checkpoint_saved_is_there_after_a_power_cut(tmp_path: Path) -> None:
    volatile = Volatile(tmp_path, at=10**6)
    checkpoint.save(tmp_path, 2, snapshot(2), keep=1, disk=volatile)
    assert [readable(folder) for folder in volatile.after(tmp_path / "after")] == [2, 2, 2]
