"""Build the whole data set: fetch, draw, describe, choose, assemble.

Killed at any moment, it goes on from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any

from sfumato.engine.cache import cache_home
from sfumato.errors import InputError

from . import assemble, choose
from .attribution import attribution
from .describe import Lexicon
from .draw import draw
from .fetch import fetch, pin, unpack
from .gather import Entry, gather, take
from .readers import Item
from .record import FORMAT, Record
from .sources import SOURCES, WORDS, Source, Words
from .words import readable

Progress = Callable[[str, int, int], None]
# The modules whose change may change a data set.
_DECISIVE = (
    *(
        "assemble",
        "attribution",
        "build",
        "choose",
        "dedupe",
        "describe",
        "emoji",
        "gather",
        "measure",
        "pixels",
    ),
    *("readers", "record", "render", "rules", "shards", "sources", "split", "units", "words"),
)
_FEW = ("phantom", "flat-color-icons", "flat-ui", "tango")


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """What to build, and where.

    `cache` holds fetched packages and work files, which later builds use again. `limit` asks for about that
    many pictures. `sources` are names; None means all, or with `limit` a few small ones. `large` tells
    whether some pictures are drawn at 1024x1024 too.
    """

    out: Path
    cache: Path
    limit: int | None = None
    workers: int = 2
    sources: tuple[str, ...] | None = None
    large: bool = True


def default_cache() -> Path:
    """Where packages and drawn pictures are kept unless told otherwise."""
    return cache_home() / "data"


class Packages:
    """The pinned packages, each fetched and unpacked when it is asked for."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def folder(self, package: Source | Words) -> Path:
        """Where the package is unpacked; FetchError where it cannot be had."""
        wanted = pin(package.package, package.client)
        return unpack(fetch(wanted, self._cache / "packages"), wanted.sha256, self._cache)

    def version(self, package: Source | Words) -> str:
        """The version that the lock file names."""
        return pin(package.package, package.client).version


def build(
    config: BuildConfig,
    *,
    progress: Progress = lambda stage, done, total: None,
    packages: Packages | None = None,
    table: Sequence[Source] = SOURCES,
) -> dict[str, Any]:
    """Build the data set and return its report; a data set that is there and whole is left as it is.

    `progress(stage, done, total)` is called often, and may raise `Cancelled`. `packages` gives the folders
    of unpacked packages, and by default fetches the pinned ones. Raises InputError for unknown sources and
    FetchError where a package cannot be had.
    """
    chosen = _chosen(config, table)
    print_of_input = _fingerprint(config, chosen)
    if _is_built(config.out, print_of_input):
        return _json(config.out / "report.json")
    packages = packages or Packages(config.cache)
    lexicon = Lexicon.read(*(packages.folder(w) for w in WORDS))
    entries = choose.drop_repeats(_gather(config, chosen, lexicon, packages, progress))
    kept = [e for e in entries if not e.fault]
    if not kept:
        raise InputError("No picture is left of the chosen sources; choose more of them.")
    labels = (readable(label) for label in lexicon.book.labels())
    found = assemble.records(kept, choose.splits(kept, labels))
    large = _draw_large(config, kept, progress) if config.large else {}
    # Without build.json the folder is no data set: nobody reads one that is being replaced.
    config.out.mkdir(parents=True, exist_ok=True)
    (config.out / "build.json").unlink(missing_ok=True)
    placed = assemble.place(config.out, kept, found, large, _counter(progress, "write", len(kept)))
    facts = assemble.report(entries, placed)
    assemble.write_small(config.out / "pixels64.npy", kept)
    assemble.write_text(config.out / "report.json", assemble.report_text(facts))
    credit = attribution(chosen, WORDS, placed, packages.version)
    assemble.write_text(config.out / "ATTRIBUTION.md", credit)
    versions = {p.package: packages.version(p) for p in chain[Source | Words](WORDS, chosen)}
    _seal(config, placed, versions, print_of_input)
    return facts


def _chosen(config: BuildConfig, table: Sequence[Source]) -> list[Source]:
    names = config.sources or (_FEW if config.limit is not None else None)
    known = {s.name for s in table}
    if config.sources and (unknown := sorted(set(config.sources) - known)):
        raise InputError(f"There is no source {unknown[0]!r}; choose among {', '.join(sorted(known))}.")
    return [s for s in table if names is None or s.name in names]


def _gather(
    config: BuildConfig, chosen: Sequence[Source], lexicon: Lexicon, packages: Packages, progress: Progress
) -> list[Entry]:
    items: dict[Source, list[Item]] = {}
    for n, source in enumerate(chosen):
        progress("fetch", n, len(chosen))
        limit = None if config.limit is None else -(-config.limit // len(chosen))
        items[source] = take(source, packages.folder(source), limit)
    progress("fetch", len(chosen), len(chosen))
    for item in chain.from_iterable(items.values()):
        if item.hexcode and item.name:
            lexicon.book.name(item.name, item.hexcode)
    counted = _counter(progress, "draw", sum(map(len, items.values())))
    units = config.cache / "units"
    return [
        entry
        for source, mine in items.items()
        for entry in gather(source, mine, lexicon, units, workers=config.workers, progress=counted)
    ]


def _draw_large(config: BuildConfig, kept: Sequence[Entry], progress: Progress) -> dict[int, Path]:
    """The work file with the 1024x1024 picture of each entry that gets one, by index."""
    share = 1.0 if config.limit is None else min(1.0, config.limit / 1000)
    chosen = choose.large(kept, share)
    counted = _counter(progress, "draw large", len(chosen))
    paths: dict[int, Path] = {}
    for source, indices in choose.by_source(kept, chosen).items():
        drawn = draw(
            [kept[i].item for i in indices],
            config.cache / "units",
            size=1024,
            crop=source.crop,
            workers=config.workers,
            per_unit=16,
            progress=counted,
        )
        paths |= {i: drawn[n // 16] for n, i in enumerate(indices)}
    return paths


def _seal(config: BuildConfig, placed: Sequence[Record], versions: dict[str, str], print_of_input: str) -> None:
    """Write the index, and last of all build.json, which makes the folder a data set."""
    index = assemble.index_text(placed)
    assemble.write_text(config.out / "index.jsonl", index)
    built = {
        "format": FORMAT,
        "input": print_of_input,
        "pictures": len(placed),
        "index_sha256": hashlib.sha256(index.encode()).hexdigest(),
        "versions": versions,
        "limit": config.limit,
    }
    assemble.write_text(config.out / "build.json", json.dumps(built, indent=1) + "\n")


def _counter(progress: Progress, stage: str, total: int) -> Callable[[int], None]:
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(stage, done, total)

    return add


def _fingerprint(config: BuildConfig, chosen: Sequence[Source]) -> str:
    """A hash of all that decides the result: the sources, the lock file, the code that reads and judges."""
    digest = hashlib.sha256(repr((config.limit, config.large, list(chosen))).encode())
    for name in ("sources.lock.json", *(f"{module}.py" for module in _DECISIVE)):
        digest.update(resources.files(__package__).joinpath(name).read_bytes())
    return digest.hexdigest()


def _is_built(out: Path, print_of_input: str) -> bool:
    try:
        built = _json(out / "build.json")
        index = hashlib.sha256((out / "index.jsonl").read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False
    return bool(built.get("input") == print_of_input and built.get("index_sha256") == index)


def _json(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts
