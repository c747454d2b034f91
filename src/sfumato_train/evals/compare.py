"""Two models on the same prompts: how much better the first one is, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from sfumato.errors import InputError
from sfumato.picture.files import write

from .bootstrap import Interval, Values, paired
from .composition.score import Rights
from .composition.wanted import Wanted

FILE = "composition.json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A prompt and the share of its pictures that are right."""

    task: str
    text: str
    right: float


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All prompts of a measurement, and what it must share with another to be compared."""

    judge: str
    data: str
    seed: int
    repeats: int
    prompts: tuple[Answer, ...]

    def tasks(self) -> dict[str, Values]:
        """The shares by task."""
        names = dict.fromkeys(one.task for one in self.prompts)
        return {task: np.array([one.right for one in self.prompts if one.task == task]) for task in names}


_ANSWERS: TypeAdapter[Answers] = TypeAdapter(Answers)


def answers_of(
    wanted: Sequence[Wanted], texts: Sequence[str], right: Rights, *, judge: str, data: str, seed: int
) -> Answers:
    """What `rights` found, [P,S]."""
    shares = right.mean(axis=1).tolist()
    prompts = tuple(
        Answer(task=one.task, text=text, right=share) for one, text, share in zip(wanted, texts, shares, strict=True)
    )
    return Answers(judge=judge, data=data, seed=seed, repeats=right.shape[1], prompts=prompts)


def save_answers(path: Path, answers: Answers) -> Path:
    """Writes them whole or not at all."""
    return write(path, _ANSWERS.dump_json(answers, indent=1) + b"\n")


def read_answers(path: Path) -> Answers:
    """Reads them; InputError where the file holds none."""
    try:
        return _ANSWERS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} holds no answers; name the {FILE} that `sfumato-train eval` left.") from error


def compared(first: Answers, second: Answers, *, seed: int = 0) -> dict[str, Interval]:
    """The difference `first` - `second` of all tasks together ("all") and of each, with its 95 % interval.

    InputError naming what differs where they were not measured alike.
    """
    for name in ("judge", "data", "seed", "repeats"):
        if getattr(first, name) != getattr(second, name):
            raise InputError(f"The two measurements differ in their {name}; measure both models alike.")
    if [one.text for one in first.prompts] != [one.text for one in second.prompts]:
        raise InputError("The two measurements differ in their prompts; measure both models alike.")
    rng, one, other = np.random.default_rng(seed), first.tasks(), second.tasks()
    whole = {"all": paired(one, other, rng)}
    return whole | {task: paired({task: one[task]}, {task: other[task]}, rng) for task in one}
