"""A picture becomes words: the likeliest captions of its embedding, of which those that fit it best are kept."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sfumato.diffusion import rng
from sfumato.engine.base import Array
from sfumato.picture.convert import Floats
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import encode_picture, encode_text
from sfumato.pipeline.sentences import Chance, Sentence, drawn, likeliest
from sfumato.pipeline.speech import GRAPH, language_shape, read_vocabulary
from sfumato.pipeline.watch import SILENT, Observer, Watch
from sfumato.text.vocabulary import Vocabulary
from sfumato.types import Description

MAX_DESCRIPTIONS = 20
BEAMS = 8
ROUNDS = 8
"""Of BEAMS drawn captions each, where the likeliest are not enough."""
CHANCE = Chance(temperature=0.7, top_p=0.9)
WEIGHT = 0.2
"""What a nat a token of likelihood counts against the cosine: chosen on held-out pictures (records/LOG.md)."""
DRAW_SEED = 0


def describe(model: Model, picture: Floats, *, n: int = 1, observer: Observer = SILENT) -> list[Description]:
    """Up to n different captions of a picture [1, 4, 64, 64], premultiplied in [-1, 1], best first.

    Each is scored by its cosine with the picture in the CLIP space. Nothing is left to chance: equal pictures get equal
    words. Raises `BundleError` where the model has no language model and `Cancelled` between two words.
    """
    vocabulary, watch = read_vocabulary(model.engine), Watch(observer)
    model.engine.prepare([("image", 1), (GRAPH, BEAMS), ("text", 1)])
    with watch.stage("image") as tick:
        z_img = encode_picture(model.engine, picture)
        tick()
    texts = candidates(model, vocabulary, z_img, count=max(2 * n, BEAMS), watch=watch)
    return best(model, z_img, texts, watch=watch)[:n]


def candidates(
    model: Model, vocabulary: Vocabulary, z_img: Array, *, count: int, watch: Watch
) -> dict[str, Sentence]:
    """Different captions by their text: the likeliest, and drawn ones where `count` asks for more."""
    places = language_shape(model.engine).places
    with watch.stage(GRAPH, places) as tick:
        found = likeliest(model.engine, vocabulary, beams=BEAMS, z_img=z_img, tick=tick)
    texts = _spelled(vocabulary, found)
    for attempt in range(ROUNDS):
        if len(texts) >= count:
            break
        u = rng.uniform(DRAW_SEED, (BEAMS, places), stream=rng.LANGUAGE + (attempt << 16))
        with watch.stage(GRAPH, places) as tick:
            more = drawn(model.engine, vocabulary, u, CHANCE, z_img=z_img, tick=tick)
        texts = _spelled(vocabulary, more) | texts
    return texts


def best(model: Model, z_img: Array, texts: dict[str, Sentence], *, watch: Watch) -> list[Description]:
    """Sorted by cosine with the picture and likelihood together."""
    found = []
    for text, sentence in texts.items():
        caption = encode_text(model.engine, model.tokenizer(text), watch=watch)
        cosine = float(np.clip(z_img[0] @ caption.z_txt[0], -1, 1))
        found.append((cosine + WEIGHT * sentence.likelihood, Description(text=text, score=cosine)))
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


def _spelled(vocabulary: Vocabulary, sentences: Iterable[Sentence]) -> dict[str, Sentence]:
    spelled = {vocabulary.spell(one.words): one for one in sentences}
    return {text: one for text, one in spelled.items() if text}
