"""What a prompt asks for, in a form that can be staged with real pictures and checked on drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from sfumato_train.data.english import counted, is_mass, is_plural, joined, noun_phrase
from sfumato_train.data.scenes.colour import HUES

T = TypeVar("T")
COLOURS = tuple(colour.name for colour in HUES)
COUNTS = (2, 3, 4, 5)
RELATIONS: Mapping[str, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "above": "above",
    "below": "below",
}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """`count` of the thing with this number in the vocabulary, in a colour where one is named."""

    thing: int
    colour: str | None = None
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One or two parts; `relation`: where the first is, seen from the second."""

    task: str
    parts: tuple[Part, ...]
    relation: str | None = None

    def text(self, things: Sequence[str]) -> str:
        """The prompt: "a red apple and a blue car", "three cats", "a cat above a dog"."""
        phrases = [_phrase(part, things) for part in self.parts]
        return joined(phrases) if self.relation is None else f" {RELATIONS[self.relation]} ".join(phrases)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What prompts may speak of: the words, and which of them can be shown, and shown in any colour."""

    things: tuple[str, ...]
    shown: tuple[int, ...]
    coloured: tuple[int, ...]


def single(choices: Choices, rng: np.random.Generator) -> Wanted:
    """One thing."""
    return Wanted(task="single", parts=(Part(thing=_pick(choices.shown, rng)),))


def two(choices: Choices, rng: np.random.Generator) -> Wanted:
    """Two different things."""
    first, second = _pair(choices.shown, rng)
    return Wanted(task="two", parts=(Part(thing=first), Part(thing=second)))


def counting(choices: Choices, rng: np.random.Generator) -> Wanted:
    """Two to five of a thing."""
    countable = [i for i in choices.shown if _countable(choices.things[i])]
    return Wanted(task="counting", parts=(Part(thing=_pick(countable, rng), count=_pick(COUNTS, rng)),))


def colours(choices: Choices, rng: np.random.Generator) -> Wanted:
    """One thing in a colour."""
    return Wanted(task="colours", parts=(Part(thing=_pick(choices.coloured, rng), colour=_pick(COLOURS, rng)),))


def position(choices: Choices, rng: np.random.Generator) -> Wanted:
    """Two things and where the first one is."""
    return replace(two(choices, rng), task="position", relation=_pick(tuple(RELATIONS), rng))


def attribution(choices: Choices, rng: np.random.Generator) -> Wanted:
    """Two things with a colour each."""
    first, second = _pair(choices.coloured, rng)
    one, other = _pair(range(len(COLOURS)), rng)
    return Wanted(
        task="attribution",
        parts=(Part(thing=first, colour=COLOURS[one]), Part(thing=second, colour=COLOURS[other])),
    )


TASKS: Mapping[str, Callable[[Choices, np.random.Generator], Wanted]] = {
    "single": single,
    "two": two,
    "counting": counting,
    "colours": colours,
    "position": position,
    "attribution": attribution,
}


def distinct(choices: Choices, task: str, count: int, rng: np.random.Generator) -> list[Wanted]:
    """Up to `count` different ones of a task, in the order drawn; fewer where there are no more."""
    found: dict[Wanted, None] = {}
    for _ in range(50 * count):
        if len(found) == count:
            break
        found.setdefault(TASKS[task](choices, rng))
    return list(found)


def contrary(wanted: Wanted, choices: Choices, rng: np.random.Generator) -> Wanted:
    """The same with the one thing changed that its task is about: what a picture of `wanted` does not show.

    Another thing, another number, another colour, the opposite place, the colours exchanged.
    """
    first, *rest = wanted.parts
    if wanted.relation is not None:
        return replace(wanted, relation=OPPOSITE[wanted.relation])
    if wanted.task == "attribution":
        second = rest[0]
        turned = (replace(first, colour=second.colour), replace(second, colour=first.colour))
        return replace(wanted, parts=turned)
    if wanted.task == "counting":
        return replace(wanted, parts=(replace(first, count=_other(COUNTS, first.count, rng)),))
    if wanted.task == "colours":
        return replace(wanted, parts=(replace(first, colour=_other(COLOURS, first.colour, rng)),))
    used = {part.thing for part in wanted.parts}
    others = [i for i in choices.shown if i not in used]
    return replace(wanted, parts=(replace(first, thing=_pick(others, rng)), *rest))


def _phrase(part: Part, things: Sequence[str]) -> str:
    name = things[part.thing]
    if part.count > 1:
        return counted(part.count, name)
    return noun_phrase(name if part.colour is None else f"{part.colour} {name}")


def _countable(name: str) -> bool:
    return not (is_plural(name) or is_mass(name))


def _pick(choices: Sequence[T], rng: np.random.Generator) -> T:
    return choices[int(rng.integers(len(choices)))]


def _pair(choices: Sequence[int], rng: np.random.Generator) -> tuple[int, int]:
    first, second = rng.permutation(len(choices))[:2].tolist()
    return choices[first], choices[second]


def _other(choices: Sequence[T], present: T, rng: np.random.Generator) -> T:
    return _pick([one for one in choices if one != present], rng)
