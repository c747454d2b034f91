"""The prompts of the measurement, decided by vocabulary, data set and seed, and real pictures of the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sfumato_train.data.scenes.sample import StreamConfig
from sfumato_train.data.scenes.studio import Studio
from sfumato_train.data.store import PictureStore

from ..arrays import Floats, to_floats
from .staging import Troupe, stage, troupe_of
from .vocabulary import Thing
from .wanted import TASKS, Choices, Wanted, distinct

KNOWN, UNSEEN = ("train",), ("heldout_style", "heldout_pair")
STREAM = 0x5CE4E
Tell = Callable[[int, int], None]


def troupes(store: PictureStore, things: Sequence[Thing]) -> tuple[Troupe, Troupe]:
    """Art that was trained on, and art that neither judge nor generator has seen: other styles, held-out pairs.

    A data set without such art gives the first one twice.
    """
    known, unseen = (troupe_of(store, things, splits) for splits in (KNOWN, UNSEEN))
    return known, unseen if len(unseen.choices.shown) > 1 else known


def shared(known: Troupe, unseen: Troupe) -> Choices:
    """What both can show."""
    one, other = known.choices, unseen.choices
    return Choices(
        things=one.things,
        shown=tuple(k for k in one.shown if k in other.shown),
        coloured=tuple(k for k in one.coloured if k in other.coloured),
    )


def wanted_of(choices: Choices, counts: Mapping[str, int], seed: int) -> list[Wanted]:
    """Prompts of all tasks, one task after another.

    The first prompts of a task are the same whatever the count, so that a quick look is a part of the full one.
    """
    found: list[Wanted] = []
    for number, (task, count) in enumerate(counts.items()):
        if task in TASKS and _possible(task, choices):
            found += distinct(choices, task, count, np.random.default_rng([seed, STREAM, number]))
    return found


def staged(troupe: Troupe, wanted: Sequence[Wanted], repeats: int, seed: int, *, tell: Tell | None = None) -> Floats:
    """Real pictures [P·repeats,4,64,64] premultiplied in [-1,1], those of one prompt side by side."""
    config = StreamConfig(background_fraction=0.0)
    made = []
    for k, one in enumerate(wanted):
        for repeat in range(repeats):
            rng = np.random.default_rng([seed, STREAM, k, repeat])
            made.append(stage(Studio(catalogue=troupe.catalogue, rng=rng, config=config), troupe, one).picture)
        if tell is not None:
            tell(k + 1, len(wanted))
    return to_floats(np.stack(made))


def _possible(task: str, choices: Choices) -> bool:
    return len(choices.coloured if task in ("colours", "attribution") else choices.shown) > 1
