"""The shards that the measuring of data is done on have the faults they claim, and the judging counts right."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import data_scale
import pytest
from bench import wild_shards
from bench.memory import MemoryWatch, resident
from bench.wild_shards import SHARES, Truth, files_of, make_shards, name_of, truth_of, truths

from sfumato_train.data.scale.measure import measure
from sfumato_train.data.scale.places import Shard
from sfumato_train.data.scale.rules import REASONS


def test_faults_come_in_their_shares() -> None:
    counts = Counter(truth.fault for _, truth in truths(0, 6000))
    for fault, share in SHARES.items():
        assert 0.6 * share < counts[fault] / 6000 < 1.5 * share


def test_originals_are_earlier_and_good() -> None:
    found = [(number, truth) for number, truth in truths(3, 3000) if truth.original >= 0]
    assert found
    for number, truth in found:
        assert truth.original < number
        assert truth_of(3, truth.original) == Truth(fault="")


def test_samples_have_the_faults_that_are_known_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wild_shards, "PER_SHARD", 600)
    make_shards(tmp_path, 600, seed=1)
    rows = measure(Shard(url=str(tmp_path / "00000.tar")), data_scale.RULES)
    known = [truth_of(1, number).fault.replace("duplicate", "") for number in range(600)]
    assert [REASONS[code] for code in rows.arrays["fault"]] == known
    assert len(set(known)) > 6


def test_only_what_is_good_otherwise_has_the_unsafe_word() -> None:
    """It would mend a missing caption, and lengthen a short one."""
    for number in range(0, 20_000, 100):
        fault = truth_of(0, number).fault
        said = files_of(0, number).get("txt", b"").startswith(wild_shards.UNSAFE_WORD.encode())
        assert said == (fault in {"", "not safe for work"})


def test_shards_are_a_function_of_the_seed(tmp_path: Path) -> None:
    assert files_of(0, 5) == files_of(0, 5)
    assert files_of(0, 5) != files_of(1, 5)


def test_broken_shards_lack_their_last_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wild_shards, "PER_SHARD", 40)
    make_shards(tmp_path, 80, broken=[1])
    rows = measure(Shard(url=str(tmp_path / "00001.tar")), data_scale.RULES)
    assert rows.facts["counts"]["broken shard"] == 1
    assert rows.facts["samples"] == 39
    assert [number for number, _ in truths(0, 80, [1])] == list(range(79))


def test_precision_and_recall() -> None:
    known = {0: Truth(fault=""), 1: Truth(fault="bad json"), 2: Truth(fault="bad json"), 3: Truth(fault="duplicate")}
    found = {name_of(0): "near-duplicate picture", name_of(1): "bad json", name_of(3): "near-duplicate embedding"}
    table = data_scale.judged(found, known)
    assert table["bad json"] == {"planted": 2, "found": 1, "precision": 1.0, "recall": 0.5}
    assert table["duplicate"] == {"planted": 1, "found": 2, "precision": 0.5, "recall": 1.0}


def test_memory_that_grows_is_seen() -> None:
    hoard = []
    with MemoryWatch(every=0.02) as growing:
        for _ in range(25):
            hoard.append(bytearray(b"x") * 4_000_000)
            time.sleep(0.02)
    assert growing.slope() > 50e6, "a hundred megabytes in half a second"
    assert growing.peak >= max(100e6, resident() * 0.5)
    watch = MemoryWatch()
    watch.samples = [(t, 10**9 if t > 2 else 0) for t in range(100)]
    assert abs(watch.slope()) < 1, "what happens while it settles is no growth"
    assert watch.slope(0, 3, settle=0) > 1e9, "unless it is asked for"
    watch.samples = [(0.0, 5), (1.0, 6)]
    assert watch.slope() == 0


def test_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in (wild_shards, data_scale):
        monkeypatch.setattr(module, "PER_SHARD", 100)
    words = ["--samples", "300", "--embed", "0", "--workers", "1"]
    assert data_scale.main([*words, "--folder", str(tmp_path / "scratch"), "--output", str(tmp_path / "out")]) == 0
    facts = json.loads((tmp_path / "out" / "data_scale.json").read_text())
    assert facts["read"]["samples"] == facts["read"]["expected"]
    assert facts["read"]["missing"] == facts["read"]["twice"] == facts["read"]["should_not_be"] == 0
    assert all(fault["recall"] == fault["precision"] == 1 for fault in facts["prepare"]["faults"].values())
    assert "| reading for training, 64² | " in (tmp_path / "out" / "data_scale.md").read_text(encoding="utf-8")
    assert "measure 3/3" in capsys.readouterr().err
