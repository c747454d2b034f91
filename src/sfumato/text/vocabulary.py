"""The words that a bundle's language model can say: WordPieces, numbered by their lines in a file of the bundle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sfumato.errors import BundleError
from sfumato.text.spelling import CONTINUED, spell

UNKNOWN, START, END = 0, 1, 2
"""The first three lines of every vocabulary."""
ENDS, GOES_ON = "1", "0"
Flags = NDArray[np.bool_]


class Vocabulary:
    """`pieces` by number.

    The file has a line for each, its parts between tabs: the piece, 1 where a word may end with it, and the numbers of
    the pieces that may go on with that word. So only words of the corpus are made, or such as share their joints.
    """

    def __init__(self, pieces: Sequence[str], ends: Sequence[bool], joins: Sequence[Sequence[int]]) -> None:
        self.pieces = tuple(pieces)
        self._joins = tuple(tuple(after) for after in joins)
        self._numbers = {piece: number for number, piece in enumerate(self.pieces) if piece}
        sayable = np.array([number > END and piece != "" for number, piece in enumerate(self.pieces)])
        inner = np.array([piece.startswith(CONTINUED) for piece in self.pieces])
        lettered = np.array([piece[-1:].isalnum() for piece in self.pieces])
        self._ends = np.array(ends) & sayable
        self._closes = self._ends & (lettered | np.isin(self.pieces, tuple("!?).")))
        self._outer: Flags = sayable & ~inner
        self._opening: Flags = self._outer & np.array([piece[:1].isalnum() for piece in self.pieces])

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        """Raises `BundleError` when the file is no vocabulary."""
        try:
            rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
            joins = [[int(number) for number in after.split()] for _, _, after in rows]
            fits = all(0 < number < len(rows) for after in joins for number in after)
            if not fits or len(rows) <= END or not {end for _, end, _ in rows} <= {ENDS, GOES_ON}:
                raise ValueError
        except (OSError, ValueError):
            raise BundleError(f"{path} is no list of words; install the model again.") from None
        return cls([piece for piece, _, _ in rows], [end == ENDS for _, end, _ in rows], joins)

    def __len__(self) -> int:
        return len(self.pieces)

    def numbers(self, pieces: Iterable[str]) -> list[int]:
        """UNKNOWN for pieces that the model never learnt."""
        return [self._numbers.get(piece, UNKNOWN) for piece in pieces]

    def spell(self, numbers: Iterable[int]) -> str:
        """The sentence of these words."""
        return spell(self.pieces[number] for number in numbers)

    def opens(self, number: int) -> bool:
        """Whether a word begins with it."""
        return bool(self._outer[number])

    def whole(self, numbers: Sequence[int]) -> bool:
        """Whether a sentence may end here: with a whole word, and not with a comma."""
        return len(numbers) > 0 and bool(self._closes[numbers[-1]])

    def following(self, numbers: Sequence[int], *, given: int = 0) -> Flags:
        """bool [V]: what may come next, of which the first `given` words are the user's own.

        A word that is not finished goes on; one of the user's is left as it is. Nothing ends in the middle of a word,
        after a comma, or before anything was added.
        """
        if len(numbers) == given:
            return self._outer if given else self._opening
        last = numbers[-1]
        allowed: Flags = self._outer.copy() if self._ends[last] else np.zeros(len(self), dtype=bool)
        allowed[list(self._joins[last])] = True
        allowed[END] = self._closes[last]
        # A piece that neither ends a word nor was seen to go on comes from a damaged word only: any may follow.
        if not allowed.any():
            return self._outer
        return allowed
