"""A folder's pictures by their likeness to words or to a picture: cosines in the CLIP space."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import numpy as np

from sfumato.engine.cache import cache_home
from sfumato.errors import Cancelled, InputError, OutputError
from sfumato.picture.convert import Floats
from sfumato.picture.files import SUFFIXES
from sfumato.picture.fit import square
from sfumato.picture.read import read_picture
from sfumato.pipeline.embed import BATCH, embed_pictures
from sfumato.pipeline.index import NAME, Entries, Entry, Stamp, model_key, read_index, write_index
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import unit
from sfumato.pipeline.watch import SILENT, Observer
from sfumato.types import Broken, Found, Match, Progress

MAX_MATCHES = 1000
STAGE = "reading pictures"
SAVE_EVERY = 60.0
"""Seconds between two savings of a long run, so that even a killed one has kept most of its work."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The pictures under a folder by their path within it, and what could not be looked into."""

    stamps: Mapping[str, Stamp]
    broken: tuple[Broken, ...] = ()


@dataclass(kw_only=True)
class Survey:
    """Everything known of a folder's pictures, and how it came to be known."""

    entries: Entries
    embedded: int = 0
    notes: list[str] = field(default_factory=list)


def search(
    model: Model,
    folder: Path,
    z: Floats,
    *,
    n: int,
    refresh: bool = False,
    skip: Path | None = None,
    observer: Observer = SILENT,
) -> Found:
    """The n pictures under the folder whose embeddings have the largest cosine with z [1, E], best first.

    Files that did not change since the last search are not read again; refresh reads all. skip: a file to leave out,
    such as the query itself. Raises `InputError` for what is no folder or has no pictures, and `Cancelled`; what was
    embedded until then is kept.
    """
    listing = list_pictures(folder)
    survey = embed_folder(model, folder, listing, refresh=refresh, observer=observer)
    good = {path: entry.z for path, entry in survey.entries.items() if entry.z is not None}
    broken = [Broken(path=folder / p, reason=e.broken) for p, e in survey.entries.items() if e.broken is not None]
    matches = [match for match in rank(folder, good, z) if skip is None or not _same(match.path, skip)]
    return Found(
        matches=tuple(matches[:n]),
        pictures=len(good),
        embedded=survey.embedded,
        broken=(*broken, *listing.broken),
        notes=tuple(survey.notes),
    )


def rank(folder: Path, embeddings: Mapping[str, Floats], z: Floats) -> list[Match]:
    """All of them by falling cosine with z [1, E]; of equal ones the path decides."""
    if not embeddings:
        return []
    cosines = np.clip(unit(np.stack(list(embeddings.values()))) @ z[0], -1.0, 1.0)
    pairs = sorted(zip((-cosines).tolist(), embeddings, strict=True))
    return [Match(path=folder / path, similarity=-cosine) for cosine, path in pairs]


def list_pictures(folder: Path) -> Listing:
    """The PNG, JPEG and WebP files at any depth, hidden ones and linked folders left out.

    Raises `InputError` for what is no folder, or has no pictures.
    """
    if not folder.is_dir():
        what = f"{folder} is no folder" if folder.exists() else f"There is no folder {folder}"
        raise InputError(f"{what}; name one that has pictures.")
    unseen: list[OSError] = []
    stamps = dict(sorted(_walk(folder, unseen)))
    broken = tuple(_closed(error) for error in unseen)
    if not stamps:
        why = broken[0].reason if broken else f"The folder {folder} has no PNG, JPEG or WebP files."
        raise InputError(f"{why.removesuffix('.')}; name one that has pictures.")
    return Listing(stamps=stamps, broken=broken)


def _walk(folder: Path, unseen: list[OSError]) -> Iterator[tuple[str, Stamp]]:
    for root, folders, names in os.walk(folder, onerror=unseen.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(root, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            try:
                stat = path.stat()
            except OSError:  # a link to nowhere, or gone since
                continue
            yield path.relative_to(folder).as_posix(), Stamp(size=stat.st_size, mtime_ns=stat.st_mtime_ns)


def embed_folder(model: Model, folder: Path, listing: Listing, *, refresh: bool, observer: Observer) -> Survey:
    """The kept embeddings of unchanged files, and new ones of the others; both are kept for the next time."""
    key, places = model_key(model.manifest), index_places(folder)
    kept = {} if refresh else next((found for place in places if (found := read_index(place, key)) is not None), {})
    entries = {p: kept[p] for p, stamp in listing.stamps.items() if p in kept and kept[p].stamp == stamp}
    todo = [path for path in listing.stamps if path not in entries]
    survey, saved = Survey(entries=entries), monotonic()
    if not todo and len(kept) == len(entries):
        return survey
    try:
        for path, entry in _embedded(model, folder, listing, todo, observer):
            entries[path] = entry
            survey.embedded += 1
            if monotonic() - saved > SAVE_EVERY:
                _keep(places, key, entries)
                saved = monotonic()
    finally:
        survey.notes += _keep(places, key, entries)
    survey.entries = {path: entries[path] for path in listing.stamps}
    return survey


def index_places(folder: Path) -> list[Path]:
    """Where the index may be: in the folder, or in the user's cache where the folder cannot be written."""
    places = [folder / NAME]
    try:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
        places.append(cache_home() / "search" / f"{name}.safetensors")
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        pass
    return places


def _keep(places: Sequence[Path], key: str, entries: Entries) -> list[str]:
    """Writes to the first place that takes it, and says where that is if it is not the folder itself."""
    folder = places[0].parent
    for place in places:
        try:
            if place.parent != folder:
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_index(place, key, entries)
        except (OutputError, OSError):
            continue
        return [] if place.parent == folder else [f"{folder} cannot be written to, so its index is kept in {place}."]
    return [f"No index of {folder} could be written, so the next search reads its pictures again."]


def _embedded(
    model: Model, folder: Path, listing: Listing, todo: Sequence[str], observer: Observer
) -> Iterator[tuple[str, Entry]]:
    """New entries, a batch at a time: while the network embeds one, threads decode the next."""
    batches = [todo[start : start + BATCH] for start in range(0, len(todo), BATCH)]
    with ThreadPoolExecutor(_cores(), thread_name_prefix="read") as readers:
        ahead = [readers.submit(_small, folder / path) for path in batches[0]] if batches else []
        for k, batch in enumerate(batches):
            now = ahead
            ahead = [readers.submit(_small, folder / path) for path in batches[k + 1]] if k + 1 < len(batches) else []
            try:
                read = [future.result() for future in now]
                yield from zip(batch, _entries(model, listing, batch, read), strict=True)
                _tell(observer, min((k + 1) * BATCH, len(todo)), len(todo))
            except BaseException:
                readers.shutdown(cancel_futures=True)
                raise


def _entries(model: Model, listing: Listing, batch: Sequence[str], read: Sequence[Floats | str]) -> list[Entry]:
    pictures = [one for one in read if not isinstance(one, str)]
    rows = iter(embed_pictures(model, np.concatenate(pictures)) if pictures else ())
    stamps = [listing.stamps[path] for path in batch]
    return [
        Entry(stamp=stamp, broken=one) if isinstance(one, str) else Entry(stamp=stamp, z=next(rows))
        for stamp, one in zip(stamps, read, strict=True)
    ]


def _small(path: Path) -> Floats | str:
    """The picture as the image tower takes it, or why it cannot be read."""
    try:
        return square(read_picture(path).pixels)
    except InputError as error:
        return str(error)


def _tell(observer: Observer, done: int, total: int) -> None:
    if observer.progress is not None:
        observer.progress(Progress(stage=STAGE, step=done, steps=total, picture=1, pictures=1))
    if observer.cancelled is not None and observer.cancelled():
        raise Cancelled("The search was stopped; what it has read is kept for the next one.")


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _closed(error: OSError) -> Broken:
    why = (error.strerror or str(error)).lower()
    return Broken(path=Path(error.filename), reason=f"The folder {error.filename} cannot be looked into ({why}).")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
