"""What is known of each model: one JSON file a label, measurement by measurement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sfumato.errors import InputError

from .report import Report, Scores


@dataclass(frozen=True, kw_only=True)
class Part:
    """One measurement: its numbers, and all that is needed to make it again."""

    date: str
    command: str
    seed: int
    data: str
    machine: str
    seconds: float
    scores: Scores
    judge: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one model (`label`, made with `commit`), measurement by measurement."""

    label: str
    model: str
    commit: str
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def scores(self) -> Scores:
        """All numbers by name."""
        return {name: value for part in self.parts.values() for name, value in part.scores.items()}

    @property
    def date(self) -> str:
        """Of the newest part."""
        return max((part.date for part in self.parts.values()), default="")


_STANDING: TypeAdapter[Standing] = TypeAdapter(Standing)


def to_bytes(standing: Standing) -> bytes:
    """The standing as a file."""
    return _STANDING.dump_json(standing, indent=1) + b"\n"


def read(folder: Path) -> list[Standing]:
    """All standings of a folder; InputError naming the file that is none."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(_STANDING.validate_json(path.read_bytes()))
        except ValidationError as error:
            raise InputError(f"{path} is not a file of scores; mend it or take it away.") from error
    return found


def ordered(standings: Iterable[Standing]) -> list[Standing]:
    """The newest first, equals by label."""
    return sorted(sorted(standings, key=lambda one: one.label), key=lambda one: one.date, reverse=True)


def parts_of(report: Report) -> dict[str, Part]:
    """The report by measurement."""
    return {
        name: Part(
            date=report.date,
            command=report.command,
            seed=report.config.seed,
            data=report.data[:12],
            machine=report.machine.short(),
            seconds=seconds,
            scores={key: value for key, value in report.scores.items() if key.startswith(f"{name}.")},
            judge=report.judge,
            note=report.note,
        )
        for name, seconds in report.seconds.items()
    }


def slug(label: str) -> str:
    """A label as the name of a file: "sticker 0.1.0" is "sticker-0.1.0"."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", label).strip("-.").lower() or "model"
