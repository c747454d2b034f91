"""Write the finished data set: shards, index, packed small pictures, attribution and report."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .gather import Entry
from .record import Record, Span
from .shards import metadata, write_shards
from .units import SMALL, read_unit

_PLACE = ("shard", "offset", "length", "large")


def keys(entries: Sequence[Entry]) -> list[str]:
    """A unique key for every entry: source and id in letters, digits and hyphens."""
    found = []
    for e in entries:
        words = f"{e.source.name}-{e.item.id}".lower()
        tail = hashlib.sha256(e.item.id.encode()).hexdigest()[:6]
        clean = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
        found.append(clean if clean == words and len(clean) <= 80 else f"{clean[:80]}-{tail}")
    assert len(set(found)) == len(found)
    return found


def records(entries: Sequence[Entry], splits: Sequence[str]) -> list[Record]:
    """The records, not yet placed in any shard."""
    nowhere = {"shard": "", "offset": 0, "length": 0, "large": None}
    return [
        Record(
            key=key,
            source=e.source.name,
            style=e.source.style,
            name=e.words.name,
            concept=e.words.concept,
            keywords=e.words.keywords,
            category=e.words.category,
            attributes=e.words.attributes,
            licence=e.source.licence,
            author=e.item.author or e.source.author,
            weight=e.weight,
            split=split,
            train=e.source.train,
            flip=e.words.flip,
            tintable=e.source.tintable,
            phash=f"{e.drawn.phash:016x}",
            **nowhere,  # type: ignore[arg-type]
        )
        for key, e, split in zip(keys(entries), entries, splits, strict=True)
    ]


def place(
    root: Path,
    entries: Sequence[Entry],
    found: Sequence[Record],
    large: dict[int, Path],
    progress: Callable[[int], None],
) -> list[Record]:
    """Write all shards; the records with the places of their pictures.

    `large` gives, for some entries by index, the work file with their 1024x1024 picture.
    """
    samples = (_sample(r, png) for r, png in zip(found, _pictures(entries, [e.unit for e in entries]), strict=True))
    spans = []
    for span in write_shards(root, "pictures", samples):
        spans.append(span)
        progress(1)
    chosen = sorted(large)
    pictures = _pictures([entries[i] for i in chosen], [large[i] for i in chosen])
    bigger = (_sample(found[i], png) for i, png in zip(chosen, pictures, strict=True))
    large_spans = dict(zip(chosen, write_shards(root, "large", bigger, per_shard=250), strict=True))
    _sweep(root, {span.shard for span in chain(spans, large_spans.values())})
    return [_placed(r, span, large_spans.get(i)) for i, (r, span) in enumerate(zip(found, spans, strict=True))]


def _sweep(root: Path, written: set[str]) -> None:
    """Remove shards of an earlier, larger build, and what a killed one left."""
    for path in chain(root.glob("*.tar"), root.glob(".*.part")):
        if path.name not in written:
            path.unlink()


def _placed(record: Record, span: Span, large: Span | None) -> Record:
    return dataclasses.replace(record, **dataclasses.asdict(span), large=large)


def _pictures(entries: Sequence[Entry], units: Sequence[Path]) -> Iterator[bytes]:
    """The PNG of every entry out of its work file; neighbours share one, so each file is read once."""
    opened, pictures = None, {}
    for entry, unit in zip(entries, units, strict=True):
        if unit != opened:
            opened, pictures = unit, {d.id: d.png for d in read_unit(unit)}
        yield pictures[entry.item.id]


def _sample(record: Record, png: bytes) -> tuple[str, dict[str, bytes]]:
    facts: dict[str, Any] = {k: v for k, v in dataclasses.asdict(record).items() if k not in _PLACE}
    return record.key, {"png": png, "json": metadata(facts), "txt": record.name.encode()}


def write_small(path: Path, entries: Sequence[Entry]) -> None:
    """All pictures at 64x64 as one array, uint8 [N,64,64,4] premultiplied."""
    beside = path.with_name(f".{path.name}.part")
    shape = (len(entries), SMALL, SMALL, 4)
    array = np.lib.format.open_memmap(beside, mode="w+", dtype=np.uint8, shape=shape)
    for i, entry in enumerate(entries):
        array[i] = entry.drawn.small
    array.flush()
    del array
    os.replace(beside, path)


def write_text(path: Path, text: str) -> None:
    """Write a text file beside and rename it."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def report(entries: Sequence[Entry], found: Sequence[Record]) -> dict[str, Any]:
    """Counts of what was kept and of what was left out, with reasons and the names of the left out."""
    left_out: dict[str, list[str]] = {}
    for e in entries:
        if e.fault:
            left_out.setdefault(e.fault, []).append(f"{e.source.name}/{e.item.id}")
    return {
        "read": len(entries),
        "kept": len(found),
        "large": sum(r.large is not None for r in found),
        "concepts": len({r.concept for r in found}),
        "by_source": Counter(r.source for r in found),
        "by_split": Counter(r.split for r in found if r.train),
        "by_category": Counter(r.category for r in found),
        "evaluation_only": sum(not r.train for r in found),
        "left_out": {reason: len(ids) for reason, ids in sorted(left_out.items())},
        "left_out_ids": dict(sorted(left_out.items())),
    }


def index_text(found: Sequence[Record]) -> str:
    """`index.jsonl`."""
    return "".join(r.to_json() + "\n" for r in found)


def report_text(facts: dict[str, Any]) -> str:
    """`report.json`."""
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
