import os
import sys
from pathlib import Path

import pytest
from bench.host import host, use_cores
from bench.process import SOURCE, ChildError, run


def python(program: str, **env: str):
    return run([sys.executable, "-c", program], env=env)


def test_time_and_output_of_a_program() -> None:
    done = python("import time; print('a\\nb'); time.sleep(0.2)")
    assert done.out == "a\nb\n"
    assert 0.2 <= done.seconds < 60
    assert 0 < done.cpu_seconds < done.seconds + 1


def test_work_and_waiting_are_told_apart() -> None:
    busy = python("import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass")
    idle = python("import time; time.sleep(0.3)")
    assert busy.cpu_seconds > idle.cpu_seconds + 0.2


def test_the_peak_is_that_of_the_one_child() -> None:
    """Asked from a small process: Linux counts a child's peak from its parent's at the fork."""
    program = f"""
import sys; sys.path.insert(0, {str(Path(SOURCE).parent / "benchmarks")!r})
from bench.process import run
print(run([sys.executable, "-c", "x = b'1' * 200_000_000"]).peak_bytes)
"""
    assert 200e6 < int(python(program).out) < 260e6


def test_the_last_line_is_the_answer() -> None:
    assert python("print('warming up'); print('{\"a\": 1}')").json() == {"a": 1}


def test_a_failure_says_why() -> None:
    with pytest.raises(ChildError, match=r"ended with 3: out of paint"):
        python("import sys; print('noise\\nout of paint', file=sys.stderr); sys.exit(3)")


def test_the_environment_is_added_to_and_this_checkout_is_measured() -> None:
    done = python("import os, sfumato; print(os.environ['FOX'], sfumato.__file__)", FOX="red")
    assert done.out.split() == ["red", str(SOURCE / "sfumato" / "__init__.py")]


def test_the_host_is_named() -> None:
    found = host(2)
    assert found["cores"] == 2
    assert found["cpu"]
    assert set(found) == {"cpu", "cores", "memory_gib", "load", "system", "python", "commit", "date"}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux keeps programs to cores")
def test_children_are_kept_to_the_cores() -> None:
    program = f"""
import sys; sys.path.insert(0, {str(Path(SOURCE).parent / "benchmarks")!r})
from bench.host import use_cores
import os, subprocess
print(use_cores(1), flush=True)
subprocess.run([sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"], check=True)
"""
    assert python(program).out.split() == ["1", "1"]


def test_cores_that_are_not_there_are_not_counted() -> None:
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    assert 1 <= use_cores(4096) <= (os.cpu_count() or 1)
    assert before is None or os.sched_getaffinity(0) == before
