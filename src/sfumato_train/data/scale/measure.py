"""First step of preparing: read a shard once, apply the rules that need one sample alone, measure what others need."""

from __future__ import annotations

import hashlib
import time

import numpy as np
from numpy.typing import NDArray

from ..pixels import shrink
from .decode import Decoded, decode, squared
from .places import Shard
from .rows import Rows, packed
from .rules import CODES, FOREIGN, LONG, LONG_TEXT, NSFW, SHORT_TEXT, SMALL, Rules
from .sample import BROKEN_SHARD, Captioned, Unusable, parse
from .tally import Tally
from .tar import BrokenShard, read_shard
from .terms import count

_SIDE = 64
_BLOCKS = 8


def measure(shard: Shard, rules: Rules) -> Rows:
    """A row for every sample, also the unusable ones.

    `fault` uint8, index into REASONS; of those without fault `blocks` uint8 [N,8,8,4] (means over an 8×8 grid,
    premultiplied RGBA) and `caption` uint64, a hash of it; `keys`, packed. Facts: counts and names of faults, terms of
    all captions, seconds.
    """
    started = time.perf_counter()
    rows, tally, keys, captions = _Rows(), Tally(), list[str](), list[str]()
    try:
        for raw in read_shard(shard):
            keys.append(raw.key.replace("\n", " "))
            try:
                sample = parse(raw)
                captions.append(sample.caption)
                rows.good(sample, _checked(sample, rules))
            except Unusable as reason:
                rows.bad(str(reason))
                tally.add(str(reason), raw.name)
    except BrokenShard as error:
        tally.add(BROKEN_SHARD, str(error))
    facts = {
        "samples": len(keys),
        "captions": len(captions),
        "counts": tally.counts,
        "names": tally.names,
        "terms": count(captions),
        "seconds": time.perf_counter() - started,
    }
    return Rows(arrays=rows.arrays() | {"keys": packed(keys)}, facts=facts)


def _checked(sample: Captioned, rules: Rules) -> Decoded:
    _check_text(sample.caption, rules)
    score = sample.nsfw
    if rules.max_nsfw is not None and score is not None and score > rules.max_nsfw:
        raise Unusable(NSFW)
    picture = decode(sample.picture, side=_SIDE)
    if min(picture.width, picture.height) < rules.min_side:
        raise Unusable(SMALL)
    if max(picture.width, picture.height) > rules.max_aspect * min(picture.width, picture.height):
        raise Unusable(LONG)
    return picture


def _check_text(caption: str, rules: Rules) -> None:
    if len(caption) < rules.min_chars:
        raise Unusable(SHORT_TEXT)
    if len(caption) > rules.max_chars:
        raise Unusable(LONG_TEXT)
    letters = [letter for letter in caption if letter.isalpha()]
    if sum(map(str.isascii, letters)) < rules.min_ascii * len(letters):
        raise Unusable(FOREIGN)


def caption_hash(caption: str) -> int:
    """The same for captions that differ in case or punctuation only (BLAKE2b, 64 bits)."""
    plain = " ".join("".join(c if c.isalnum() else " " for c in caption.lower()).split())
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "big")


class _Rows:
    def __init__(self) -> None:
        self._faults: list[int] = []
        self._captions: list[int] = []
        self._blocks: list[NDArray[np.uint8]] = []

    def good(self, sample: Captioned, picture: Decoded) -> None:
        small = squared(picture.pixels, _SIDE, "pad")
        self._add(0, caption_hash(sample.caption), shrink(small, _SIDE // _BLOCKS))

    def bad(self, reason: str) -> None:
        self._add(CODES[reason], 0, np.zeros((_BLOCKS, _BLOCKS, 4), np.uint8))

    def _add(self, fault: int, caption: int, blocks: NDArray[np.uint8]) -> None:
        self._faults.append(fault)
        self._captions.append(caption)
        self._blocks.append(blocks)

    def arrays(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
        return {
            "fault": np.array(self._faults, np.uint8),
            "caption": np.array(self._captions, np.uint64),
            "blocks": np.array(self._blocks, np.uint8).reshape(-1, _BLOCKS, _BLOCKS, 4),
        }
