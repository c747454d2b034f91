"""Picture → z_img → picture: how much of a picture its embedding carries through the decoder.

As in unCLIP's figure 3, but with the caption dropped, so that nothing else can help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.manifest import TOKENIZER
from sfumato.engine.base import Array, Engine
from sfumato.pipeline.decoder import Condition, sample_decoder, to_picture
from sfumato.pipeline.prior import encode_text
from sfumato.pipeline.watch import SILENT, Watch
from sfumato.text.tokenizer import Tokenizer

from .arrays import Floats, Tick, nobody
from .retrieval import recall


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Mean cosines in [-1,1]: own, between a picture and its reconstruction; other, between a picture and the
    reconstruction from another's embedding. found: share of reconstructions nearer to their own original than
    to any other; chance: what guessing would find.
    """

    own: float
    other: float
    found: float
    chance: float
    pictures: int


def likeness(original: Floats, decoded: Floats, wrong: NDArray[np.int64]) -> Likeness:
    """Both [N,E] of unit norm, row by row; `wrong` pairs originals with reconstructions of other things."""
    own = np.sum(original * decoded, axis=1)
    other = np.sum(original * decoded[wrong], axis=1)
    found = recall(decoded @ original.T, np.eye(len(original), dtype=bool))
    return Likeness(
        own=float(own.mean()),
        other=float(other.mean()),
        found=found.top1,
        chance=found.chance1,
        pictures=len(original),
    )


def reconstruct(engine: Engine, z_img: Floats, *, seed: int, tick: Tick = nobody) -> Floats:
    """z_img [N,E] → pictures [N,4,64,64] premultiplied in [-1,1]; row k from the noise of seed + k."""
    watch = Watch(SILENT)
    tokenizer = Tokenizer(engine.file(TOKENIZER), engine.manifest.text.max_tokens)
    blank = encode_text(engine, tokenizer(""), watch=watch)
    preset = engine.manifest.stages.decoder
    made: list[Array] = []
    for k in range(len(z_img)):
        condition = Condition(z_img=z_img[k : k + 1], caption=blank, use_caption=False)
        x_0 = sample_decoder(engine, condition, preset, seed=seed + k, watch=watch)
        made.append(to_picture(engine, x_0, watch=watch))
        tick(k + 1, len(z_img))
    return np.concatenate(made)


def through_space(engine: Engine, pictures: Floats, *, tick: Tick = nobody) -> Floats | None:
    """There and back through the space alone, the best that the decoder can reach; None for pixels."""
    if engine.manifest.space.kind == "pixel":
        return None
    watch = Watch(SILENT)
    made: list[Array] = []
    for k in range(len(pictures)):
        x_0 = engine.network("space_encoder")(picture=pictures[k : k + 1])["x_0"]
        made.append(to_picture(engine, x_0, watch=watch))
        tick(k + 1, len(pictures))
    return np.concatenate(made)
