"""WordPieces to a sentence: the way back from a language model's tokens (Devlin et al. 2019; uncased)."""

from __future__ import annotations

from collections.abc import Iterable

CONTINUED = "##"
"""Begins a piece that goes on with the word before it."""
TO_THE_LEFT = frozenset(",.!?:;)%…")
TO_BOTH = frozenset("-'’/")


def spell(pieces: Iterable[str]) -> str:
    """The sentence that a WordPiece tokenizer would take apart into these pieces, but for capitals and accents.

    Commas and the like follow their word, hyphens and apostrophes join what is around them: "t-shirt, valentine's".
    """
    text = ""
    glued = True
    for piece in pieces:
        if piece.startswith(CONTINUED):
            text += piece.removeprefix(CONTINUED)
            glued = False
            continue
        joined = glued or piece in TO_THE_LEFT or piece in TO_BOTH or _decimal(text, piece)
        text += piece if joined else f" {piece}"
        glued = piece in TO_BOTH or piece in {"(", "#", "$", "¿", "¡"}
    return text


def continued(start: str, addition: str) -> str:
    """The user's own words as they are, with what was added to them."""
    stem = start.rstrip()
    if not stem or not addition:
        return stem + addition
    return stem + addition if addition[0] in TO_THE_LEFT | TO_BOTH else f"{stem} {addition}"


def _decimal(text: str, piece: str) -> bool:
    """Whether the piece goes on a number: the 5 of "1.5"."""
    return len(text) > 1 and text[-1] in ".:" and text[-2].isdigit() and piece.isdigit()
