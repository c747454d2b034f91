"""How well a bundle's language model foresees captions, by its own graph."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np

from sfumato.engine.base import Engine
from sfumato.pipeline.speech import Speech, read_vocabulary
from sfumato.text.tokenizer import Tokenizer
from sfumato.text.vocabulary import END, UNKNOWN

from .arrays import Floats, Tick, nobody

ROWS = 32


def perplexity(
    engine: Engine, tokenizer: Tokenizer, captions: Sequence[str], z_img: Floats | None, *, tick: Tick = nobody
) -> float:
    """exp of the mean cross entropy a token, the end counted; words outside the vocabulary are read, not asked for.

    z_img [N, E]: the captions' pictures; None asks the model without them.
    """
    vocabulary = read_vocabulary(engine)
    rows = [vocabulary.numbers(tokenizer.pieces(caption)) for caption in captions]
    total, count = 0.0, 0
    for first in range(0, len(rows), ROWS):
        part = rows[first : first + ROWS]
        z = None if z_img is None else z_img[np.minimum(np.arange(first, first + ROWS), len(rows) - 1)]
        lost, asked = _cross_entropy(Speech(engine, z, rows=ROWS), part)
        total, count = total + lost, count + asked
        tick(min(first + ROWS, len(rows)), len(rows))
    return exp(total / max(1, count))


def _cross_entropy(speech: Speech, rows: Sequence[Sequence[int]]) -> tuple[float, int]:
    """Sum over the tokens of all rows, and their number; the batch is filled with rows that ask for nothing."""
    total, count = 0.0, 0
    scores = speech.begin()
    for place in range(max(map(len, rows)) + 1):
        asked = [(row, [*words, END][place]) for row, words in enumerate(rows) if place <= len(words)]
        for row, token in asked:
            if token != UNKNOWN:
                total, count = total - log_softmax(scores[row], token), count + 1
        if speech.room == 0:
            break
        told = [words[place] if place < len(words) else UNKNOWN for words in rows]
        scores = speech.read(np.array(told + [UNKNOWN] * (ROWS - len(rows))))
    return total, count


def log_softmax(scores_V: Floats, token: int) -> float:
    """Of one token, in float64."""
    shifted = scores_V.astype(np.float64) - scores_V.max()
    return float(shifted[token] - np.log(np.exp(shifted).sum()))
