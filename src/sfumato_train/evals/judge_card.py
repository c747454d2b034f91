"""The judge's card for people: what it is, what it learnt from, how far it can be trusted."""

from __future__ import annotations

from .composition.wanted import TASKS
from .judge import JudgeCard
from .markdown import table

ART = {"known": "known art", "unseen": "unseen art"}


def card_text(card: JudgeCard) -> str:
    """A page of Markdown."""
    columns = ["task", *(f"{name}, {key}" for name in ART.values() for key in ("recall", "precision"))]
    return f"""# The judge

A detector of {len(card.things)} things in drawn pictures of {card.network.size}×{card.network.size}, with
{len(card.network.colours)} colours. It judges what generators draw; none has learnt from it. It learnt from
{card.samples:,} composed scenes of the pictures that weights may be trained on (data set {card.data[:12]}), and
says yes to what it sees with a certainty of {card.threshold:g} or more.

Its error on real pictures composed for prompts, in shares: recall, how many right pictures it accepts; precision, how
many of the accepted are right where every second one is wrong in the one thing that the task is about.

{table(columns, _rows(card))}
Made by `sfumato-train run judge` and `sfumato-train judge export`; docs/evaluation.md says how to read its numbers.
"""


def _rows(card: JudgeCard) -> list[list[str]]:
    keys = [f"{art}.{{}}.{key}" for art in ART for key in ("recall", "precision")]
    return [
        [task, *(f"{card.measured[key.format(task)]:.2f}" for key in keys)]
        for task in TASKS
        if all(key.format(task) in card.measured for key in keys)
    ]
