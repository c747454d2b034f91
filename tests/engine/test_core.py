"""One core for all: engines come and go in any order, and signals still arrive."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from sfumato.bundle.store import Bundle
from sfumato.engine.core import core
from sfumato.engine.openvino import OpenVINOEngine

ROOT = Path(__file__).parents[2]
SIGNALLED = """
import gc, os, signal, sys
from sfumato.bundle.store import Bundle
from sfumato.engine.openvino import OpenVINOEngine

bundle = Bundle.open(sys.argv[1])
engines = []
for _ in range(3):
    engine = OpenVINOEngine(bundle, cache=False)
    engine.compile(engine.read("text"), "text")
    engines.append(engine)
while engines:
    del engine
    engine = engines.pop(0)
    gc.collect()
del engine
gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("arrived"))
os.kill(os.getpid(), signal.SIGINT)
print("alive")
"""


def test_there_is_one_in_all_threads() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(core())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(one) for one in found} == {id(core())}


def test_engines_share_it(tiny_bundle: Path) -> None:
    one, other = (OpenVINOEngine(Bundle.open(tiny_bundle), cache=False) for _ in range(2))
    assert one._core is other._core is core()


def test_nothing_else_makes_one() -> None:
    """A second core is what breaks signals; it would have to be made by this name."""
    own = "src/sfumato/engine/core.py"
    made = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if "Core()" in path.read_text(encoding="utf-8")
    ]
    assert made == [own]


def test_signals_arrive_after_engines_went(tiny_bundle: Path) -> None:
    """On a CPU with AMX this ends in a segmentation fault where each engine has a core of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(tiny_bundle)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (ran.returncode, ran.stdout.split()) == (0, ["arrived", "alive"]), ran.stderr
