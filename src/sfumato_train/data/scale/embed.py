"""Second step of preparing: both CLIP embeddings of what is left of a shard."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .decode import decode, squared
from .places import Shard
from .rows import Array, Rows, packed
from .rules import Rules
from .sample import parse
from .tar import RawSample, readable

if TYPE_CHECKING:
    from sfumato_train.evals.own_clip import OwnClip

_SIDE = 64
_CHUNK = 256


def embed(shard: Shard, kept: NDArray[np.bool_], rules: Rules, *, threads: int = 1) -> Rows:
    """Rows of the kept samples: `row` int64, the number in the shard; `z_img` and `z_txt` float16 [N,E], unit norm;
    `similarity` float32, their cosine; `keys`, packed. Raises what opening the model raises."""
    assert rules.model is not None
    started = time.perf_counter()
    clip, width = _clip(rules.model, threads)
    numbers, keys = list[int](), list[str]()
    z_img, z_txt = [np.zeros((0, width), np.float32)], [np.zeros((0, width), np.float32)]
    for chunk in _chunks(_kept(shard, kept)):
        numbers += [number for number, _ in chunk]
        keys += [raw.key.replace("\n", " ") for _, raw in chunk]
        samples = [parse(raw) for _, raw in chunk]
        z_img.append(clip.pictures(_pictures([sample.picture for sample in samples], rules)))
        z_txt.append(clip.captions([sample.caption for sample in samples]))
    images, texts = np.concatenate(z_img), np.concatenate(z_txt)
    arrays: dict[str, Array] = {
        "row": np.array(numbers, np.int64),
        "z_img": images.astype(np.float16),
        "z_txt": texts.astype(np.float16),
        "similarity": np.einsum("ne,ne->n", images, texts),
        "keys": packed(keys),
    }
    return Rows(arrays=arrays, facts={"samples": len(keys), "seconds": time.perf_counter() - started})


def _kept(shard: Shard, kept: NDArray[np.bool_]) -> Iterator[tuple[int, RawSample]]:
    return ((number, raw) for number, raw in readable(shard) if number < len(kept) and kept[number])


def _pictures(files: Sequence[bytes], rules: Rules) -> NDArray[np.float32]:
    """→ [B,4,64,64] premultiplied in [-1,1]."""
    small = np.stack([squared(decode(file, side=_SIDE).pixels, _SIDE, rules.fit) for file in files])
    floats: NDArray[np.float32] = small.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(floats)


def _chunks(samples: Iterator[tuple[int, RawSample]]) -> Iterator[list[tuple[int, RawSample]]]:
    chunk: list[tuple[int, RawSample]] = []
    for sample in samples:
        chunk.append(sample)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@lru_cache(1)
def _clip(model: str, threads: int) -> tuple[OwnClip, int]:
    """The model's CLIP and the width of its embeddings; one a process."""
    from sfumato.engine.choose import open_engine  # noqa: PLC0415 - the other steps need no engine
    from sfumato_train.evals.own_clip import OwnClip  # noqa: PLC0415

    engine = open_engine("openvino", model, threads=threads)
    return OwnClip(engine), engine.manifest.embedding.dim
