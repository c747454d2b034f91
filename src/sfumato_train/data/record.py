"""One picture of a built data set: the line of `index.jsonl` that describes it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

FORMAT = "sfumato-pictures-1"


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where the bytes of a PNG lie: `length` bytes from byte `offset` of the tar file named `shard`."""

    shard: str
    offset: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known about a picture.

    `weight` (0..1] is how often to draw the picture relative to others. `train` is False for pictures whose
    licence keeps them out of weights (they are held-out styles). `split` is one of `train`,
    `heldout_concept`, `heldout_pair`. `flip` is False where a mirrored copy would be wrong (letters, flags,
    arrows, clocks). `tintable` marks monochrome art that is meant to be coloured. `phash` is the 64-bit
    perceptual hash in hexadecimal.
    """

    key: str
    source: str
    style: str
    name: str
    concept: str
    keywords: tuple[str, ...]
    category: str
    attributes: tuple[str, ...]
    licence: str
    author: str
    weight: float
    split: str
    train: bool
    flip: bool
    tintable: bool
    shard: str
    offset: int
    length: int
    large: Span | None
    phash: str

    @property
    def span(self) -> Span:
        """Where the 256x256 PNG lies."""
        return Span(shard=self.shard, offset=self.offset, length=self.length)

    def to_json(self) -> str:
        """The record as one line of JSON, without the line end."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=False)

    @classmethod
    def from_json(cls, line: str) -> Record:
        """Read what `to_json` wrote; KeyError, TypeError or ValueError where it is not a record."""
        fields: dict[str, Any] = json.loads(line)
        fields["keywords"] = tuple(fields["keywords"])
        fields["attributes"] = tuple(fields["attributes"])
        fields["large"] = Span(**fields["large"]) if fields["large"] else None
        return cls(**fields)
