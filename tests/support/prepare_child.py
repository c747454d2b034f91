"""A preparation to be killed: `python prepare_child.py SHARDS OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

from sfumato_train.data.scale.prepare import prepare
from sfumato_train.data.scale.rules import Rules

RULES = Rules(min_side=10, min_chars=3, per_caption=2)


def main(shards: str, out: str) -> None:
    """One process, so that a kill stops everything."""
    print("begun", flush=True)
    prepare(shards, Path(out), RULES, workers=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
