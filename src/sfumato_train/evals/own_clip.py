"""Embeddings of pictures and captions by the model's own CLIP, in batches of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.manifest import TOKENIZER
from sfumato.engine.base import Array, Engine
from sfumato.text.tokenizer import Tokenizer
from sfumato_train.data.store import PictureStore

from .arrays import Floats, Tick, nobody, to_floats, unit

BATCH = 32


class OwnClip:
    """Embeds what it is shown, as the generator sees it; rows have unit norm, so that products are cosines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tokenizer = Tokenizer(engine.file(TOKENIZER), engine.manifest.text.max_tokens)

    def pictures(self, pictures: Array, *, tick: Tick = nobody) -> Floats:
        """float32 [N,4,64,64] premultiplied in [-1,1] → z_img [N,E]."""
        parts = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
        return self._embedded(iter(parts), len(pictures), tick)

    def stored(self, store: PictureStore, indices: Sequence[int] | NDArray[np.int64], *, tick: Tick = nobody) -> Floats:
        """Pictures of a data set → z_img [N,E]; one batch at a time is in memory."""
        chosen = np.asarray(indices, dtype=np.int64)
        parts = (to_floats(store.smalls[chosen[start : start + BATCH]]) for start in range(0, len(chosen), BATCH))
        return self._embedded(parts, len(chosen), tick)

    def captions(self, captions: Sequence[str], *, tick: Tick = nobody) -> Floats:
        """Texts → z_txt [N,E]."""
        network = self._engine.network("text")
        rows: list[Array] = []
        for start in range(0, len(captions), BATCH):
            tokens = [self._tokenizer(caption) for caption in captions[start : start + BATCH]]
            ids = _filled(np.concatenate([one.txt_tokens for one in tokens]))
            mask = _filled(np.concatenate([one.txt_mask for one in tokens]))
            rows.append(network(txt_tokens=ids, txt_mask=mask)["z_txt"][: len(tokens)])
            tick(start + len(tokens), len(captions))
        return unit(np.concatenate(rows))

    def _embedded(self, parts: Iterator[Array], total: int, tick: Tick) -> Floats:
        network, rows, done = self._engine.network("image"), [], 0
        for part in parts:
            rows.append(network(picture=_filled(part))["z_img"][: len(part)])
            done += len(part)
            tick(done, total)
        return unit(np.concatenate(rows))


def _filled(batch: Array) -> Array:
    """The last batch filled up with its first row, so that graphs are compiled for one shape only."""
    missing = BATCH - len(batch)
    return batch if missing == 0 else np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)])
