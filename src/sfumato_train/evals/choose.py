"""Which concepts, pictures and captions a measurement is made on: decided by the data set and the seed alone.

Captions here are plain on purpose ("a red apple", "a red apple, noto emoji"), without keywords or media, so
that a score means the concept and no luck with the wording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import InputError
from sfumato_train.data.captions import spoken_name, takes_article
from sfumato_train.data.english import noun_phrase
from sfumato_train.data.record import Record
from sfumato_train.data.store import PictureStore

Indices = NDArray[np.int64]

RETRIEVAL, RECONSTRUCTION, PROMPTS, CAPTIONS, REFERENCES, SEARCH, CONTROL, REALISM, BOOTSTRAP, DESCRIBED = range(10)
EDITS, SEAMS, TRIPS = range(10, 13)
"""Streams of randomness, one for each choice, so that changing one count leaves the other choices alone."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is asked for, the concept that must be recognised, and a real picture of it (its record)."""

    text: str
    concept: str
    record: int


def generator(seed: int, stream: int) -> np.random.Generator:
    """The randomness of one choice."""
    return np.random.default_rng([seed, stream])


def concept_caption(record: Record) -> str:
    """The concept as a person would ask for it: "a red apple"."""
    words = spoken_name(record)
    return noun_phrase(words) if takes_article(record, words) else words


def styled_caption(record: Record) -> str:
    """The concept in the record's style: "a red apple, noto emoji"."""
    return f"{concept_caption(record)}, {record.style}"


def some(rng: np.random.Generator, items: Sequence[int] | Indices, count: int | None) -> Indices:
    """The first `count` of the items in a random order (None: all of them).

    A smaller count gives the beginning of a larger one, so that a quick look is a part of the full one.
    """
    array = np.asarray(items, dtype=np.int64)
    return array[rng.permutation(len(array))[:count]]


def split_pictures(store: PictureStore, split: str) -> Indices:
    """Pictures of a split in styles that training knows; InputError where there are none."""
    found = store.select(split=split)
    if len(found) == 0:
        raise InputError(f"The data set {store.root} has no pictures for {split}; build it without a limit.")
    return found


def first_of_concepts(store: PictureStore, indices: Iterable[int]) -> dict[str, int]:
    """Each distinct concept with the first record that shows it, in the order of the records."""
    found: dict[str, int] = {}
    for i in indices:
        found.setdefault(store.records[int(i)].concept, int(i))
    return found


def training_prompts(store: PictureStore, *, count: int, popular: int, seed: int) -> list[Prompt]:
    """Concepts with at least `popular` training pictures (all concepts where none has), without a style."""
    indices = split_pictures(store, "train")
    counts = Counter(store.records[int(i)].concept for i in indices)
    firsts = first_of_concepts(store, indices)
    common = [i for concept, i in firsts.items() if counts[concept] >= popular] or list(firsts.values())
    chosen = some(generator(seed, PROMPTS), common, count)
    return [_prompt(store, int(i), concept_caption(store.records[int(i)])) for i in chosen]


def pair_prompts(store: PictureStore, *, count: int, seed: int) -> list[Prompt]:
    """Held-out (concept, style) pairs, one of each concept, with the style named."""
    indices = split_pictures(store, "heldout_pair")
    shuffled = some(generator(seed, PROMPTS), indices, None)
    chosen = list(first_of_concepts(store, shuffled).values())[:count]
    return [_prompt(store, i, styled_caption(store.records[i])) for i in chosen]


def judged_among(store: PictureStore, prompts: Sequence[Prompt], *, count: int, popular: int, seed: int) -> list[str]:
    """Captions of up to `count` distinct concepts: those of the prompts, in order, then other common ones."""
    own = {prompt.concept: prompt.record for prompt in prompts}
    indices = split_pictures(store, "train")
    counts = Counter(store.records[int(i)].concept for i in indices)
    others = [i for c, i in first_of_concepts(store, indices).items() if counts[c] >= popular and c not in own]
    wanted = max(0, count - len(own))
    filled = [*own.values(), *some(generator(seed, CAPTIONS), others, wanted).tolist()]
    return [concept_caption(store.records[i]) for i in filled]


def _prompt(store: PictureStore, i: int, text: str) -> Prompt:
    return Prompt(text=text, concept=store.records[i].concept, record=i)
