"""The report as people read it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sfumato_train.data.scale.report import as_text, described, to_json
from sfumato_train.data.scale.rules import Rules
from sfumato_train.data.scale.terms import Change


def step(name: str, samples: int, seconds: float, *, resumed: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "samples": samples,
        "seconds": seconds,
        "worker_seconds": 2 * seconds,
        "resumed": resumed,
    }


def facts(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "source": "s3://bucket/x",
        "shards": 12,
        "rules": Rules(),
        "samples": 12_000,
        "kept": 9_000,
        "left_out": {"bad json": 5, "too small": 2_995},
        "names": {"bad json": ["a/1"], "too small": ["a/2", "b/3", "c/4", "d/5"]},
        "steps": [step("measure", 12_000, 60.0), step("write", 9_000, 0.5, resumed=True)],
        "terms": (
            [Change(term="cat", before=100, after=90, ratio=1.2)],
            [Change(term="dog", before=1_000, after=10, ratio=0.0133)],
        ),
    }
    return described(**given | changes)


def test_reasons_are_told_the_most_frequent_first() -> None:
    lines = as_text(facts()).splitlines()
    assert "12,000 samples in 12 shards; 9,000 kept (75.0%)." in lines
    assert lines.index("| too small | 2,995 | 24.96% | `a/2`, `b/3`, `c/4` |") + 1 == lines.index(
        "| bad json | 5 | 0.04% | `a/1` |"
    )


def test_speed_is_that_of_this_run_or_is_not_told() -> None:
    text = as_text(facts())
    assert "| measure | 12,000 | 60.0 | 200 | 120.0 |" in text
    assert "| write | 9,000 | 0.5 (resumed) | – | 1.0 |" in text


def test_terms_are_told_both_ways() -> None:
    text = as_text(facts())
    assert "| cat | 100 | 90 | 1.20 |" in text
    assert "| dog | 1,000 | 10 | 0.01 |" in text


def test_an_empty_preparation_is_told_too() -> None:
    nothing = facts(samples=0, kept=0, left_out={}, names={}, steps=[], terms=([], []))
    text = as_text(nothing)
    assert "0 samples in 12 shards; 0 kept (0.0%)." in text
    assert "|" not in text, "no tables without rows"


def test_machines_read_all_of_it() -> None:
    read = json.loads(to_json(facts()))
    assert read == facts()
    assert read["rules"] == asdict(Rules())
    assert list(read["left_out"]) == ["too small", "bad json"]
    assert read["terms_lost"][0]["ratio"] == 0.0133
