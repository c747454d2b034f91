"""Sentences out of a language model: drawn by chance, or the likeliest ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.engine.base import Array, Engine
from sfumato.pipeline.speech import Speech
from sfumato.pipeline.tokens import Floats, log_probabilities, nucleus
from sfumato.pipeline.watch import Tick
from sfumato.text.vocabulary import END, UNKNOWN, Vocabulary


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Words by number, the user's `given` ones first; log_p: natural log of the probability of the others."""

    words: tuple[int, ...]
    log_p: float = 0.0
    given: int = 0
    ended: bool = False

    @property
    def likelihood(self) -> float:
        """log_p a token, the end counted."""
        return self.log_p / (len(self.words) - self.given + 1)

    def then(self, token: int, log_p: float) -> Sentence:
        """One token longer, or ended."""
        words = self.words if token == END else (*self.words, token)
        return Sentence(words=words, log_p=self.log_p + log_p, given=self.given, ended=token == END)


@dataclass(frozen=True, kw_only=True)
class Chance:
    """How the next word is drawn (see `tokens.nucleus`)."""

    temperature: float
    top_p: float


def drawn(
    engine: Engine,
    vocabulary: Vocabulary,
    uniform_BL: NDArray[np.float32],
    chance: Chance,
    *,
    z_img: Array | None = None,
    given: tuple[int, ...] = (),
    tick: Tick,
) -> list[Sentence]:
    """A sentence for each row of uniform numbers in [0, 1), one a token. One that finds no end is cut to whole words.

    A row depends on its own numbers alone.
    """
    rows = len(uniform_BL)
    speech, scores = _begun(engine, z_img, rows, given)
    open_ = [Sentence(words=given, given=len(given)) for _ in range(rows)]
    while not all(one.ended for one in open_):
        u = uniform_BL[:, speech.place - 1]
        open_ = [
            one if one.ended else _drawn_one(vocabulary, one, scores[row], float(u[row]), chance)
            for row, one in enumerate(open_)
        ]
        tick()
        if speech.room == 0:
            break
        scores = speech.read(_last(open_))
    return [one if one.ended else cut(vocabulary, one) for one in open_]


def likeliest(
    engine: Engine, vocabulary: Vocabulary, *, beams: int, z_img: Array | None = None, tick: Tick
) -> list[Sentence]:
    """Beam search of that width → up to twice as many ended sentences, the likeliest a token first.

    It ends when no open sentence can overtake as many ended ones as there are beams.
    """
    speech, scores = _begun(engine, z_img, beams, ())
    open_, ended = [Sentence(words=())], list[Sentence]()
    while not _decided(open_, ended, beams):
        grown = _grown(vocabulary, open_, scores, 2 * beams)
        ended += [one for _, one in grown if one.ended]
        alive = [(row, one) for row, one in grown if not one.ended][:beams]
        open_ = [one for _, one in alive]
        tick()
        if speech.room == 0 or not open_:
            break
        filled = [alive[min(k, len(alive) - 1)] for k in range(beams)]
        speech.keep(np.array([row for row, _ in filled]))
        scores = speech.read(_last([one for _, one in filled]))
    found = sorted(ended, key=lambda one: -one.log_p)[: 2 * beams] or [cut(vocabulary, one) for one in open_]
    return sorted(found, key=lambda one: -one.likelihood)


def cut(vocabulary: Vocabulary, sentence: Sentence) -> Sentence:
    """Without what hangs after the last whole word but one: the last may have been meant to go on."""
    words = list(sentence.words)
    while len(words) > sentence.given and not vocabulary.opens(words.pop()):
        pass
    while len(words) > sentence.given and not vocabulary.whole(words):
        words.pop()
    return Sentence(words=tuple(words), log_p=sentence.log_p, given=sentence.given)


def _begun(engine: Engine, z_img: Array | None, rows: int, given: tuple[int, ...]) -> tuple[Speech, Array]:
    speech = Speech(engine, z_img, rows=rows)
    scores = speech.begin()
    for number in given:
        scores = speech.read(np.full(rows, number))
    return speech, scores


def _drawn_one(vocabulary: Vocabulary, one: Sentence, scores_V: Floats, u: float, chance: Chance) -> Sentence:
    log_p = log_probabilities(scores_V, vocabulary.following(one.words, given=one.given))
    token = nucleus(log_p, u, temperature=chance.temperature, top_p=chance.top_p)
    return one.then(token, float(log_p[token]))


def _decided(open_: list[Sentence], ended: list[Sentence], beams: int) -> bool:
    """A sentence only grows less likely: one that is behind stays so."""
    if len(ended) < beams:
        return not open_
    return not open_ or open_[0].log_p <= sorted(one.log_p for one in ended)[-beams]


def _grown(
    vocabulary: Vocabulary, open_: list[Sentence], scores: Array, count: int
) -> list[tuple[int, Sentence]]:
    """The likeliest continuations of all open sentences, each with the row that it comes from."""
    log_p = np.stack(
        [log_probabilities(scores[row], vocabulary.following(one.words)) for row, one in enumerate(open_)]
    )
    total = log_p + np.array([[one.log_p] for one in open_], np.float32)
    best = np.argsort(-total, axis=None, kind="stable")[:count]
    places = [divmod(int(place), total.shape[1]) for place in best if np.isfinite(total.flat[place])]
    return [(row, open_[row].then(token, float(log_p[row, token]))) for row, token in places]


def _last(sentences: list[Sentence]) -> NDArray[np.int64]:
    """What each said last; what is said to an ended one does not matter."""
    return np.array([one.words[-1] if one.words else UNKNOWN for one in sentences], np.int64)
