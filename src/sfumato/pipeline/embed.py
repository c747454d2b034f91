"""Pictures and texts in the one space of CLIP, many at a time (Radford et al. 2021, section 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sfumato.engine.base import Array
from sfumato.picture.convert import Floats
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import unit
from sfumato.text.prompt import check_prompt

BATCH = 16
"""Rows of one evaluation. A smaller rest is filled up, so that each network is compiled for two sizes at the most."""

TEMPLATES: tuple[str, ...] = ("{}",)
"""What a name is said in, averaged (Radford et al. 2021, section 3.1.4). This CLIP learnt from captions of many
wordings, and no template helped it on held-out pictures (records/2026-11-22-zero-shot): a name is said as it is."""


def embed_pictures(model: Model, pictures: Floats) -> Floats:
    """[N, 4, 64, 64] premultiplied in [-1, 1] → z_img [N, E], unit norm."""
    network = model.engine.network("image")
    rows = [network(picture=filled)["z_img"][:count] for filled, count in _batches(pictures)]
    return _joined(rows, model)


def embed_texts(model: Model, texts: Sequence[str]) -> Floats:
    """Any texts → z_txt [N, E], unit norm."""
    network = model.engine.network("text")
    tokens = [model.tokenizer(text) for text in texts]
    ids = np.concatenate([one.txt_tokens for one in tokens])
    mask = np.concatenate([one.txt_mask for one in tokens])
    pairs = zip(_batches(ids), _batches(mask), strict=True)
    rows = [network(txt_tokens=one, txt_mask=real)["z_txt"][:count] for (one, count), (real, _) in pairs]
    return _joined(rows, model)


def embed_words(model: Model, words: str) -> Floats:
    """One text of the user's → z_txt [1, E], unit norm. `InputError` when it is blank or too long."""
    return embed_texts(model, [check_prompt(words, "text")])


def embed_names(model: Model, names: Sequence[str], templates: Sequence[str] = TEMPLATES) -> Floats:
    """Names → [N, E]: for each the mean over the templates ("a sticker of {}"), of unit norm again."""
    said = [template.replace("{}", name) for name in names for template in templates]
    z = embed_texts(model, said).reshape(len(names), len(templates), -1)
    mean: Floats = unit(z.mean(axis=1))
    return mean


def _batches(rows: Array) -> Iterator[tuple[Array, int]]:
    """Batches of BATCH rows with the number of real ones; one alone stays alone, as it is the commonest case."""
    if len(rows) == 1:
        yield rows, 1
        return
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        missing = BATCH - len(batch)
        yield (np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)]) if missing else batch), len(batch)


def _joined(rows: Sequence[Array], model: Model) -> Floats:
    empty = np.zeros((0, model.manifest.embedding.dim), np.float32)
    z: Floats = unit(np.concatenate([empty, *rows]).astype(np.float32))
    return z
