"""Prompts that a model makes up: how many differ, how many are new, how many name what was kept from training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sfumato.picture.files import write
from sfumato.pipeline.model import Model
from sfumato.pipeline.suggest import suggest
from sfumato_train.data.stream import StreamConfig, TrainingStream

from . import choose
from .bench import Bench
from .wording import content, plain

SAID_IN_TRAINING = 20_000
"""Captions of the training stream that a suggestion may repeat."""
SMALLEST = StreamConfig(size=8)


def suggestions(bench: Bench, model: Model, corpus: Sequence[str]) -> Mapping[str, float]:
    """distinct: share of different ones, each of its own seed. novel: share that is neither a training concept's plain
    caption nor one of the stream's. held_out: share that name a concept kept from training.
    """
    count, tick = bench.config.prompts, bench.tick("suggesting")
    texts: list[str] = []
    for k in range(count):
        texts += suggest(model, n=1, seed=bench.config.seed + k)
        tick(k + 1, count)
    stream = TrainingStream(bench.store, SMALLEST, seed=bench.config.seed)
    known = {plain(text) for text in [*corpus, *stream.batch(0, SAID_IN_TRAINING).captions]}
    unseen = [content(c) for c in bench.concepts(choose.split_pictures(bench.store, "heldout_concept"))]
    unseen = [name for name in unseen if not any(name == content(text) for text in corpus)]
    write(bench.out / "suggestions.txt", "".join(f"{text}\n" for text in texts).encode())
    return {
        "count": count,
        "distinct": len({plain(text) for text in texts}) / count,
        "novel": float(np.mean([plain(text) not in known for text in texts])),
        "held_out": float(np.mean([_says(content(text), unseen) for text in texts])),
        "words": float(np.mean([len(text.split()) for text in texts])),
    }


def _says(words: Sequence[str], names: Sequence[Sequence[str]]) -> bool:
    """Whether one of the names stands in the words, as it is."""
    text = f" {' '.join(words)} "
    return any(f" {' '.join(name)} " in text for name in names if name)
