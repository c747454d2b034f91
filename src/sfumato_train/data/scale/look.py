"""A first look into shards: what their samples have, what is wrong with some, what captions are like."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from .decode import decode
from .places import find_shards
from .sample import BROKEN_SHARD, Unusable, parse
from .tally import Tally
from .tar import BrokenShard, RawSample, read_shard

_SIDE = 64
CAPTIONS = 5


@dataclass(kw_only=True)
class Look:
    """What the first samples are like. Sides in pixels, captions' lengths in characters."""

    shards: int
    samples: int = 0
    widths: list[int] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    scored: int = 0
    captions: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def lines(self) -> list[str]:
        """For people."""
        found = [f"{self.shards} shards; of the first {self.samples} samples {len(self.widths)} can be used."]
        if self.widths:
            found += [
                f"  pictures: {_spread(self.widths)} wide, {_spread(self.heights)} high (least, median, most)",
                f"  captions: {_spread(self.lengths)} characters",
                f"  with a score for what is not safe for work: {self.scored}",
                *(f"  “{caption}”" for caption in self.captions),
            ]
        return [*found, *(f"  left out: {line}" for line in self.tally.lines())]


def look(where: str | Path, *, samples: int) -> Look:
    """Read so many samples, shard after shard. Raises InputError where there are no shards."""
    shards = find_shards(where)
    found = Look(shards=len(shards))
    for shard in shards:
        try:
            for raw in read_shard(shard):
                if found.samples == samples:
                    return found
                _add(found, raw)
        except BrokenShard as error:
            found.tally.add(BROKEN_SHARD, str(error))
    return found


def _add(found: Look, raw: RawSample) -> None:
    found.samples += 1
    try:
        sample = parse(raw)
        picture = decode(sample.picture, side=_SIDE)
    except Unusable as reason:
        found.tally.add(str(reason), raw.name)
        return
    found.widths.append(picture.width)
    found.heights.append(picture.height)
    found.lengths.append(len(sample.caption))
    found.scored += sample.nsfw is not None
    if len(found.captions) < CAPTIONS:
        found.captions.append(sample.caption)


def _spread(values: list[int]) -> str:
    return f"{min(values)}, {median(values):g}, {max(values)}"
