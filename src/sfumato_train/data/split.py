"""Which pictures are kept from training, to measure what was understood and not remembered.

The choice hangs on nothing but the words (and Emojibase's fixed list of labels), so it is the same in every
build: a concept is held out by the hash of its name.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

SHARE = 0.03
_COMMON = 6  # a label contained in more other labels than this is a general word, and never held out

TRAIN, CONCEPT, PAIR = "train", "heldout_concept", "heldout_pair"


def fraction(text: str) -> float:
    """A number in [0, 1) that depends on `text` alone, evenly spread."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


class Splitter:
    """Assigns splits, given the fixed list of emoji labels (as readable names)."""

    def __init__(self, labels: Iterable[str]) -> None:
        names = set(labels)
        counts: dict[str, int] = defaultdict(int)
        for label in names:
            for phrase in _phrases(label):
                if phrase != label:
                    counts[phrase] += 1
        self._general = {name for name in names if counts[name] > _COMMON}
        self._held = {name for name in names - self._general if _drawn(name)}

    def split(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """The split of every (concept, style).

        A held-out emoji label takes with it every concept whose name contains it ("axe" takes "battle axe").
        A pair is held out only if its concept stays in training in another style.
        """
        first = [self.concept_split(concept) for concept, _ in pairs]
        styles: dict[str, set[str]] = defaultdict(set)
        for (concept, style), split in zip(pairs, first, strict=True):
            if split == TRAIN and not _drawn(f"{concept}|{style}"):
                styles[concept].add(style)
        return [
            PAIR if split == TRAIN and _drawn(f"{concept}|{style}") and styles[concept] - {style} else split
            for (concept, style), split in zip(pairs, first, strict=True)
        ]

    def concept_split(self, concept: str) -> str:
        """The split of a concept, whatever the style."""
        return CONCEPT if self.is_held(concept) else TRAIN

    def is_held(self, concept: str) -> bool:
        """Whether pictures of `concept` are kept from training in all styles."""
        if concept in self._general:
            return False
        return _drawn(concept) or any(phrase in self._held for phrase in _phrases(concept))


def _drawn(text: str) -> bool:
    return fraction(text) < SHARE


def _phrases(name: str) -> set[str]:
    """All runs of words in a name, the name itself among them."""
    parts = name.split()
    return {" ".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
