"""What a preparation did, for machines (report.json) and for people (report.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .rules import Rules
from .terms import Change


def described(
    *,
    source: str,
    shards: int,
    rules: Rules,
    samples: int,
    kept: int,
    left_out: dict[str, int],
    names: dict[str, list[str]],
    steps: list[dict[str, Any]],
    terms: tuple[list[Change], list[Change]],
) -> dict[str, Any]:
    """The report as plain JSON. `steps`: name, samples, wall seconds, seconds of all workers together."""
    ordered = dict(sorted(left_out.items(), key=lambda item: (-item[1], item[0])))
    return {
        "source": source,
        "shards": shards,
        "samples": samples,
        "kept": kept,
        "left_out": ordered,
        "names": {reason: names[reason] for reason in ordered},
        "steps": steps,
        "terms_gained": [asdict(change) for change in terms[0]],
        "terms_lost": [asdict(change) for change in terms[1]],
        "rules": asdict(rules),
    }


def to_json(facts: dict[str, Any]) -> str:
    """For reading by people too."""
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def as_text(facts: dict[str, Any]) -> str:
    """The same as Markdown."""
    share = facts["kept"] / facts["samples"] if facts["samples"] else 0
    return "\n".join(
        [
            f"# {facts['source']}",
            "",
            f"{facts['samples']:,} samples in {facts['shards']:,} shards; {facts['kept']:,} kept ({share:.1%}).",
            "",
            *_table(("left out", "samples", "share", "such as"), _reasons(facts)),
            *_table(("step", "samples", "seconds", "samples a second", "seconds of all workers"), _steps(facts)),
            "Terms of captions whose share changed most, among those of at least 20 captions. What became rare was not",
            "asked to: look whether it should have.",
            "",
            *_table(("gained", "before", "after", "share ×"), _terms(facts["terms_gained"])),
            *_table(("lost", "before", "after", "share ×"), _terms(facts["terms_lost"])),
        ]
    )


def _reasons(facts: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for reason, count in facts["left_out"].items():
        some = ", ".join(f"`{name}`" for name in facts["names"][reason][:3])
        yield reason, f"{count:,}", f"{count / max(1, facts['samples']):.2%}", some


def _steps(facts: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for step in facts["steps"]:
        rate = f"{step['samples'] / step['seconds']:,.0f}" if step["seconds"] > 0 and not step["resumed"] else "–"
        seconds = f"{step['seconds']:.1f}" + (" (resumed)" if step["resumed"] else "")
        yield step["name"], f"{step['samples']:,}", seconds, rate, f"{step['worker_seconds']:.1f}"


def _terms(changes: list[dict[str, Any]]) -> Iterable[tuple[str, ...]]:
    for change in changes:
        yield change["term"], f"{change['before']:,}", f"{change['after']:,}", f"{change['ratio']:.2f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines, ""] if lines else []
