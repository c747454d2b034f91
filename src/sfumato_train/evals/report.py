"""What was measured: numbers by name, a row of a table, and the words that belong to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from .config import EvalConfig
from .machine import Machine

Scores = dict[str, float]

NOTES = (
    "The judge is the model's own CLIP: it flatters its own generator, and models with another CLIP cannot "
    "be compared by these numbers alone.",
    "control: pictures paired with the embeddings or captions of others; it should lie near chance.",
    "real: the same question asked of real pictures, the most that this judge can tell.",
)
MISSING = "–"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `scores.json` holds. data: SHA-256 of the data set's index. seconds: wall time by part."""

    model: str
    version: str
    command: str
    data: str
    config: EvalConfig
    machine: Machine
    scores: Scores
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = NOTES
    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))

    def to_json(self) -> str:
        """One JSON document."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def scores_row(scores: Scores) -> dict[str, str]:
    """Column → cell, for people; columns are the same for every model."""
    return {column: cell(scores) for column, cell in CELLS.items()}


def leaderboard_row(report: Report, *, label: str, commit: str | None) -> dict[str, str]:
    """The row of a table of models, with all that is needed to measure it again."""
    return {
        "label": label,
        "date": report.date,
        "commit": commit or MISSING,
        **scores_row(report.scores),
        "command": f"`{report.command}`",
        "seed": str(report.config.seed),
        "data": report.data[:12],
        "machine": report.machine.short(),
    }


def _recall(name: str) -> Callable[[Scores], str]:
    def cell(scores: Scores) -> str:
        if f"{name}.top1" not in scores:
            return MISSING
        top1, top5 = (100 * scores[f"{name}.{k}"] for k in ("top1", "top5"))
        return f"{top1:.1f} / {top5:.1f} % of {scores[f'{name}.candidates']:.0f}"

    return cell


def _pair(first: str, second: str, form: str) -> Callable[[Scores], str]:
    def cell(scores: Scores) -> str:
        if first not in scores or second not in scores:
            return MISSING
        return f"{scores[first]:{form}} / {scores[second]:{form}}"

    return cell


CELLS: Mapping[str, Callable[[Scores], str]] = {
    "unseen concepts, picture→text top-1/5": _recall("retrieval.heldout_concept.picture_to_text"),
    "unseen concepts, text→picture": _recall("retrieval.heldout_concept.text_to_picture"),
    "unseen styles, picture→text": _recall("retrieval.heldout_pair.picture_to_text"),
    "unseen styles, text→picture": _recall("retrieval.heldout_pair.text_to_picture"),
    "through z_img, cosine own/other": _pair("reconstruction.own", "reconstruction.other", ".3f"),
    "drawn by unclip, seen concepts": _recall("drawing.seen.unclip"),
    "drawn by unclip, unseen pairs": _recall("drawing.pairs.unclip"),
    "drawn by glide, seen concepts": _recall("drawing.seen.glide"),
    "drawn by glide, unseen pairs": _recall("drawing.pairs.glide"),
    "real, seen concepts": _recall("drawing.seen.real"),
    "real, unseen pairs": _recall("drawing.pairs.real"),
    "distance to training, drawn ÷ new: CLIP/pixels": _pair(
        "neighbours.embedding.ratio", "neighbours.pixels.ratio", ".2f"
    ),
}
