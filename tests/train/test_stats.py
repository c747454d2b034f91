"""The curve of a run that was killed is one curve."""

from __future__ import annotations

import json
from pathlib import Path

from sfumato_train.samples import Replaced
from sfumato_train.stats import REPLACED, STATS, Stats, name_replaced


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / STATS).read_text().splitlines()]


def test_lines_are_added(tmp_path: Path) -> None:
    for step in (0, 5):
        stats = Stats(tmp_path, step)
        stats.write({"step": step + 5, "samples": 40}, {"loss": 0.123456789})
        stats.close()
    assert [line["step"] for line in lines(tmp_path)] == [5, 10]
    assert lines(tmp_path)[0] == {"step": 5, "samples": 40, "loss": 0.123457}
    assert len(list(tmp_path.glob("events.*"))) == 2


def test_what_a_killed_run_wrote_after_its_checkpoint_is_forgotten(tmp_path: Path) -> None:
    whole = "".join(json.dumps({"step": step, "loss": step / 10}) + "\n" for step in range(1, 9))
    (tmp_path / STATS).write_text(whole + '{"step": 9, "lo')
    Stats(tmp_path, 6).close()
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5, 6]
    assert not list(tmp_path.glob("*.partial"))


def test_a_file_with_nothing_to_forget_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / STATS).write_text('{"step": 1}\n')
    before = (tmp_path / STATS).stat()
    Stats(tmp_path, 6).close()
    after = (tmp_path / STATS).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_replaced_samples_are_named(tmp_path: Path) -> None:
    name_replaced(tmp_path, ())
    assert not (tmp_path / REPLACED).exists()
    for sample in (3, 9):
        name_replaced(tmp_path, (Replaced(sample=sample, by=100 + sample, reason="OSError: truncated"),))
    found = [json.loads(line) for line in (tmp_path / REPLACED).read_text().splitlines()]
    assert found[1] == {"sample": 9, "by": 109, "reason": "OSError: truncated"}
    assert len(found) == 2
