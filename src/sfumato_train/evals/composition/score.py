"""How often pictures obey their prompts, with the judge's own error beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bootstrap import Interval, Values, interval
from .rules import Found, obeys
from .wanted import Choices, Wanted, contrary

Rights = NDArray[np.bool_]
Seen = Sequence[tuple[Found, ...]]
Rule = Callable[[Wanted, Sequence[Found]], bool]


@dataclass(frozen=True, kw_only=True)
class JudgeError:
    """Of one task on real pictures of its prompts. recall: share of right pictures that the judge accepts; false: share
    of pictures that it accepts for a prompt with the one thing changed that the task is about; precision: share of
    right ones among the accepted, where right and wrong are as frequent.
    """

    recall: float
    false: float

    @property
    def precision(self) -> float:
        """recall / (recall + false); 0 where nothing is accepted."""
        accepted = self.recall + self.false
        return self.recall / accepted if accepted else 0.0


def rights(wanted: Sequence[Wanted], seen: Seen, rule: Rule = obeys) -> Rights:
    """[P,S]: which of the S pictures of each prompt obey it; pictures of one prompt lie side by side."""
    repeats = len(seen) // len(wanted)
    return np.array([[rule(one, seen[k * repeats + s]) for s in range(repeats)] for k, one in enumerate(wanted)])


def by_task(wanted: Sequence[Wanted], right: Rights) -> dict[str, Values]:
    """Of each task the share of right pictures of each of its prompts."""
    tasks = np.array([one.task for one in wanted])
    shares = right.mean(axis=1)
    return {str(task): shares[tasks == task] for task in dict.fromkeys(tasks.tolist())}


def chance(wanted: Sequence[Wanted], seen: Seen, rule: Rule = obeys) -> dict[str, float]:
    """Of each task the share of pictures of its other prompts that obey a prompt, over all such pairs.

    What a generator would score that draws as well but reads no prompt.
    """
    repeats = len(seen) // len(wanted)
    found: dict[str, list[bool]] = {}
    for i, one in enumerate(wanted):
        for j, other in enumerate(wanted):
            if i != j and one.task == other.task:
                hits = [rule(one, seen[j * repeats + s]) for s in range(repeats)]
                found.setdefault(one.task, []).extend(hits)
    return {task: float(np.mean(hits)) for task, hits in found.items()}


def errors(wanted: Sequence[Wanted], seen: Seen, choices: Choices, rng: np.random.Generator) -> dict[str, JudgeError]:
    """The judge's error on real pictures, by task."""
    opposite = [contrary(one, choices, rng) for one in wanted]
    accepted, mistaken = by_task(wanted, rights(wanted, seen)), by_task(wanted, rights(opposite, seen))
    return {
        task: JudgeError(recall=float(accepted[task].mean()), false=float(mistaken[task].mean())) for task in accepted
    }


def overall(tasks: dict[str, Values], rng: np.random.Generator) -> Interval:
    """The mean of the tasks' scores, as GenEval takes it, with its interval over prompts."""
    return interval(tasks, rng)
