"""Work files: named by their contents, whole or absent, and found again after the drawing was killed."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sfumato_train.data import render as renderer
from sfumato_train.data import units
from sfumato_train.data.draw import draw
from sfumato_train.data.pixels import premultiply, shrink
from sfumato_train.data.readers import Item
from sfumato_train.data.render import render
from support.art_packages import FIXTURES, ROUND

SPACE = "http://www.w3.org/2000/svg"


def item(name: str, body: str) -> Item:
    data = f'<svg xmlns="{SPACE}" viewBox="0 0 32 32">{body}</svg>'.encode()
    return Item(source="round", id=name, name=name, data=data)


ITEMS = [item(name, body) for name, body in ROUND.items()]
BROKEN = Item(source="round", id="broken", name="broken", data=(FIXTURES / "signs/broken.svg").read_bytes())


def test_what_is_read_is_what_was_drawn(tmp_path: Path) -> None:
    path = units.draw_unit(tmp_path / "u.npz", [*ITEMS[:2], BROKEN], 256, False)
    apple, snail, broken = units.read_unit(path)
    assert [apple.id, snail.id, broken.id] == ["red-apple", "snail", "broken"]
    assert (apple.fault, broken.png) == ("", b"")
    assert broken.fault.startswith("cannot be drawn")
    expected = shrink(premultiply(render(ITEMS[1].data, 256)), 4)
    np.testing.assert_array_equal(snail.small, expected)
    assert snail.measures.colour > 0.5


def test_name_depends_on_all_that_decides(tmp_path: Path) -> None:
    one = units.unit_path(tmp_path, ITEMS, 256, False)
    other_art = [dataclasses.replace(ITEMS[0], data=ITEMS[0].data + b" "), *ITEMS[1:]]
    other_id = [dataclasses.replace(ITEMS[0], id="x"), *ITEMS[1:]]
    others = {
        units.unit_path(tmp_path, ITEMS, 1024, False),
        units.unit_path(tmp_path, ITEMS, 256, True),
        units.unit_path(tmp_path, ITEMS[::-1], 256, False),
        units.unit_path(tmp_path, other_art, 256, False),
        units.unit_path(tmp_path, other_id, 256, False),
    }
    assert len(others) == 5
    assert one not in others
    assert units.unit_path(tmp_path, list(ITEMS), 256, False) == one


def test_another_renderer_makes_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = units.unit_path(tmp_path, ITEMS, 256, False)
    monkeypatch.setattr(renderer, "VERSION", renderer.VERSION + 1)
    assert units.unit_path(tmp_path, ITEMS, 256, False) != before


def test_finished_work_is_not_done_again(tmp_path: Path) -> None:
    path = units.draw_unit(tmp_path / "u.npz", ITEMS[:1], 256, False)
    before = path.stat().st_mtime_ns
    units.draw_unit(path, ITEMS[:1], 256, False)
    assert path.stat().st_mtime_ns == before


def test_drawing_counts_every_item_once(tmp_path: Path) -> None:
    counts: list[int] = []
    paths = draw(ITEMS, tmp_path, size=256, workers=2, per_unit=3, progress=counts.append)
    assert sum(counts) == len(ITEMS)
    assert [d.id for p in paths for d in units.read_unit(p)] == list(ROUND)
    counts.clear()
    assert draw(ITEMS, tmp_path, size=256, per_unit=3, progress=counts.append) == paths
    assert counts == [len(ITEMS)]


SCRIPT = """
import sys
from pathlib import Path
from sfumato_train.data.draw import draw
from sfumato_train.data.readers import Item

svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="%s" fill="red"/></svg>'
items = [Item(source="s", id=str(n), name="", data=(svg % (1 + n / 50)).encode()) for n in range(160)]
if __name__ == "__main__":
    draw(items, Path(sys.argv[1]), size=256, workers=2, per_unit=8)
"""


def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    script, root = tmp_path / "script.py", tmp_path / "units"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(root)]
    process = subprocess.Popen(command, start_new_session=True)
    while not list(root.glob("*.npz")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in root.glob("*.npz"):
        assert len(list(units.read_unit(path))) == 8
    _wait_until_alone(process.pid)
    done = {p: p.stat().st_mtime_ns for p in root.glob("*.npz")}
    assert 0 < len(done) < 20
    subprocess.run(command, check=True)
    assert len(list(root.glob("*.npz"))) == 20
    assert {p: p.stat().st_mtime_ns for p in done} == done


def _wait_until_alone(group: int) -> None:
    """Wait until the killed program's helpers have ended too, as they must."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("processes that draw outlived the program that was killed")
