"""The folder that was tuned on: 150 pictures of a style that is in the data set for evaluation only, with their names.

python records/2026-11-22-tune/pictures.py DATA OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sfumato_train.data.store import PictureStore

COUNT, SOURCE = 150, "openmoji"


def main() -> None:
    data, out = (Path(word) for word in sys.argv[1:])
    store = PictureStore(data)
    plain = [
        i for i, r in enumerate(store.records)
        if r.source == SOURCE and not r.attributes
        and r.category not in ("flags", "symbols") and len(r.name.split()) <= 3
    ]  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for i in np.random.default_rng(0).permutation(plain)[:COUNT]:
        record = store.records[int(i)]
        (out / f"{record.key}.png").write_bytes(store.png(int(i)))
        (out / f"{record.key}.txt").write_text(f"{record.name}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
