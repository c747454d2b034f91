"""The bundle's language model at work: one token a step, what was said before kept as keys and values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.manifest import LanguageShape
from sfumato.engine.base import Array, Engine
from sfumato.errors import BundleError
from sfumato.text.vocabulary import START, UNKNOWN, Vocabulary

GRAPH = "language"


class Speech:
    """B sentences that grow by one token a step, of a picture's embedding [1, E], of one each [B, E], or of none.

    Every step has the same shapes, so the graph is compiled once for a number of sentences.
    """

    def __init__(self, engine: Engine, z_img: Array | None, *, rows: int) -> None:
        shape, E = language_shape(engine), engine.manifest.embedding.dim
        self._network = engine.network(GRAPH)
        self._z_img = np.zeros((rows, E), np.float32) if z_img is None else np.resize(z_img, (rows, E))
        self._keep_z = np.full(rows, z_img is not None, np.float32)
        self._past = np.zeros((rows, *shape.cache), np.float32)
        self._shape = shape
        self.place = 0

    @property
    def room(self) -> int:
        """How many tokens can still be read."""
        return self._shape.places - self.place

    def begin(self) -> Array:
        """Reads the picture and the start → scores of the first word [B, V]."""
        rows = len(self._past)
        for _ in range(self._shape.picture_tokens):
            self.read(np.full(rows, UNKNOWN))
        return self.read(np.full(rows, START))

    def read(self, token_B: NDArray[np.int64]) -> Array:
        """The next token of every sentence → scores of the one after it [B, V]."""
        assert self.room > 0, "the cache is full"
        out = self._network(
            z_img=self._z_img,
            keep_z=self._keep_z,
            token=token_B.astype(np.int64),
            place=np.full(len(token_B), self.place, np.int64),
            past=self._past,
        )
        self._past[:, :, :, :, self.place] = out["present"]
        self.place += 1
        return out["scores"]

    def keep(self, rows_B: NDArray[np.int64]) -> None:
        """Goes on with these of the sentences, B again, some of them several times (beam search)."""
        self._past = self._past[rows_B]


def language_shape(engine: Engine) -> LanguageShape:
    """What the manifest says of the language model; `BundleError` where the bundle has none."""
    shape = engine.manifest.language
    if shape is None:
        raise BundleError(f"The model {engine.manifest.name} has no language model; choose another model.")
    return shape


def read_vocabulary(engine: Engine) -> Vocabulary:
    """The words of the bundle's language model. `BundleError` where it has none, or damaged ones."""
    shape = language_shape(engine)
    return Vocabulary.read(engine.file(shape.words))
