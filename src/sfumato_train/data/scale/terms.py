"""Which words of captions a filter favours: their shares before and after.

Filters skew data without being asked to (DALL·E 2's filter took out more pictures of women than of men and had to be
corrected for it), so every preparation says what became rarer and what became more frequent.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]{2,}")
KNOWN = 200_000
RARE = 20
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class Change:
    """`before` and `after`: how many captions have the term. `ratio`: of their shares, after by before."""

    term: str
    before: int
    after: int
    ratio: float


def terms(caption: str) -> set[str]:
    """The words of two letters and more, in lower case."""
    return set(_WORD.findall(caption.lower()))


def count(captions: Iterable[str]) -> Counter[str]:
    """In how many of the captions each term stands."""
    found: Counter[str] = Counter()
    for caption in captions:
        found.update(terms(caption))
    return found


def merged(total: Counter[str], more: Mapping[str, int]) -> Counter[str]:
    """Their sum; beyond twice KNOWN terms the rarest are forgotten, so that memory stays bounded."""
    total.update(more)
    return Counter(dict(total.most_common(KNOWN))) if len(total) > 2 * KNOWN else total


def changes(
    before: Mapping[str, int], after: Mapping[str, int], *, captions: tuple[int, int], most: int = 20
) -> tuple[list[Change], list[Change]]:
    """The terms whose share grew most, and those whose share shrank most, by ratio.

    `captions`: how many there were before and after. Terms that fewer than RARE captions had are left out: their
    ratios are chance.
    """
    if min(captions) == 0:
        return [], []
    scale = captions[0] / captions[1]
    found = [
        Change(term=term, before=count, after=after.get(term, 0), ratio=after.get(term, 0) / count * scale)
        for term, count in before.items()
        if count >= RARE
    ]
    ordered = sorted(found, key=lambda change: (-_log(change.ratio), -change.before, change.term))
    gained = [change for change in ordered[:most] if change.ratio > 1 + _SAME]
    lost = [change for change in ordered[::-1][:most] if change.ratio < 1 - _SAME]
    return gained, lost


def _log(ratio: float) -> float:
    return math.log(ratio) if ratio > 0 else -math.inf
