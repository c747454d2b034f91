"""What was measured: numbers by name, a row of a table, and the words that belong to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from .config import EvalConfig
from .machine import Machine

Scores = dict[str, float]
Cell = Callable[[Scores], str]

NOTES = (
    "retrieval, reconstruction, drawing and neighbours are judged by the model's own CLIP: it flatters its own "
    "generator, and models with another CLIP cannot be compared by these numbers alone.",
    "composition, realism, diversity and sweep are judged by a detector that no generator learnt from; numbers of "
    "two judges cannot be compared.",
    "control: pictures paired with the embeddings or captions of others; it should lie near chance.",
    "real: the same question asked of real pictures, the most that this judge can tell.",
)
MISSING = "–"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `scores.json` holds. data: SHA-256 of the data set's index; judge: the first figures of its hash; seconds:
    wall time by part; note: what a reader should know of this run.
    """

    model: str
    version: str
    command: str
    data: str
    config: EvalConfig
    machine: Machine
    scores: Scores
    seconds: Mapping[str, float]
    judge: str = ""
    note: str = ""
    notes: tuple[str, ...] = NOTES
    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))

    @property
    def title(self) -> str:
        """ "sticker 0.1.0"."""
        return f"{self.model} {self.version}"

    def to_json(self) -> str:
        """One JSON document."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def named(prefix: str, values: Mapping[str, float]) -> Scores:
    """{"top1": 0.5} → {"prefix.top1": 0.5}."""
    return {f"{prefix}.{key}": float(value) for key, value in values.items()}


def scores_row(scores: Scores) -> dict[str, str]:
    """Column → cell, for people; columns are the same for every model."""
    return {column: cell(scores) for column, cell in CELLS.items()}


def recall(name: str) -> Cell:
    """ "12.0 / 36.0 % of 500": top-1 and top-5."""

    def cell(scores: Scores) -> str:
        if f"{name}.top1" not in scores:
            return MISSING
        top1, top5 = (100 * scores[f"{name}.{k}"] for k in ("top1", "top5"))
        return f"{top1:.1f} / {top5:.1f} % of {scores[f'{name}.candidates']:.0f}"

    return cell


def pair(first: str, second: str, form: str) -> Cell:
    """Two numbers that belong together."""

    def cell(scores: Scores) -> str:
        if first not in scores or second not in scores:
            return MISSING
        return f"{scores[first]:{form}} / {scores[second]:{form}}"

    return cell


def percent(name: str) -> Cell:
    """A share in hundredths."""
    return lambda scores: f"{100 * scores[name]:.1f}" if name in scores else MISSING


def with_bounds(name: str) -> Cell:
    """A share in hundredths with its interval: "12.3 (10.1–14.6)"."""

    def cell(scores: Scores) -> str:
        if f"{name}.score" not in scores:
            return MISSING
        value, low, high = (100 * scores[f"{name}.{key}"] for key in ("score", "low", "high"))
        return f"{value:.1f} ({low:.1f}–{high:.1f})"

    return cell


CELLS: Mapping[str, Cell] = {
    "composition, % (95 %)": with_bounds("composition"),
    "KID": lambda scores: MISSING if "realism.drawn.kid" not in scores else f"{scores['realism.drawn.kid']:.3f}",
    "precision / recall": pair("realism.drawn.precision", "realism.drawn.recall", ".2f"),
    "seeds apart, drawn / real": pair("diversity.drawn.distance", "diversity.real.distance", ".2f"),
    "drawn concepts found": recall("drawing.seen.unclip"),
    "unseen concepts, picture→text": recall("retrieval.heldout_concept.picture_to_text"),
    "through z_img, own / other": pair("reconstruction.own", "reconstruction.other", ".3f"),
    "distance to training, drawn ÷ new": pair("neighbours.embedding.ratio", "neighbours.pixels.ratio", ".2f"),
    "256² an hour": lambda scores: (
        f"{scores['speed.pictures_an_hour']:,.0f}" if "speed.pictures_an_hour" in scores else MISSING
    ),
}
