"""One process of a distributed reading: `python shard_ranks.py SHARDS MARKS OUT RANK RANKS BATCH FIRST LAST`.

Writes a line a step with the numbers of the samples' names and a hash of their pictures.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from sfumato_train.data.scale.places import find_shards
from sfumato_train.data.scale.settings import ShardsConfig
from sfumato_train.data.scale.stream import ShardStream
from sfumato_train.data.scenes.sample import StreamConfig


def stream_of(shards: str, batch: int, marks: Path | None = None, workers: int = 2) -> ShardStream:
    """Four lanes, two threads."""
    config = StreamConfig(size=16, shards=ShardsConfig(lanes=4, window=5, workers=workers, held_out=0))
    return ShardStream(find_shards(shards), config, seed=11, batch=batch, marks=marks)


def main(shards: str, marks: str, out: str, *numbers: str) -> None:
    """As the trainer asks: at step n, this rank's share of samples n·batch … (n+1)·batch - 1."""
    rank, ranks, batch, first, last = map(int, numbers)
    stream, share = stream_of(shards, batch, Path(marks)), batch // ranks
    with Path(out).open("a") as file:
        for step in range(first, last):
            read = stream.batch(step * batch + rank * share, share)
            line = {
                "step": step,
                "rank": rank,
                "records": read.records.tolist(),
                "hash": hashlib.sha256(read.pictures.tobytes() + " ".join(read.captions).encode()).hexdigest(),
            }
            file.write(json.dumps(line) + "\n")
            file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
