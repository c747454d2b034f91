"""Clean shards out of raw ones: measure, choose, embed, choose again, write, report.

Steps run shard by shard, each leaving a file of rows under a name that is a hash of all that it hangs on; choosing
between the steps is quick and is done again. So a preparation that was killed goes on where it was, and one with other
rules does again only what they change.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.bundle.store import Bundle
from sfumato.errors import InputError

from . import report
from .choose import Verdict, by_embeddings, by_pictures
from .folder import Folder
from .left_out import LeftOut
from .places import Shard, find_shards, full_url
from .rows import facts_of
from .rules import Rules, described, digest
from .runners import runner
from .terms import Change, changes, merged
from .work import Preparation, Progress


def prepare(
    where: str | Path,
    out: Path,
    rules: Rules,
    *,
    workers: int = 2,
    engine: str = "local",
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Prepare the shards at `where` in the folder `out` and return the report; done already, it is only read.

    `engine` "local" or "ray"; with Ray on several machines `out` lies where all of them see it. `progress(stage, done,
    total)` is called often and may raise `Cancelled`. Raises InputError for shards, rules or a folder that cannot be
    used, BundleError for a model that cannot be opened, OutputError where nothing can be written.
    """
    _check(rules)
    shards, folder = find_shards(where), Folder(root=Path(out))
    folder.claim()
    inputs = _inputs(shards, rules)
    name = digest("write", rules, inputs)
    if (finished := folder.finished(name)) is not None:
        return finished
    folder.turn_to(name)
    threads = max(1, (os.cpu_count() or 1) // workers)
    work = Preparation(
        shards=shards, folder=folder, rules=rules, run=runner(engine, workers), threads=threads, progress=progress
    )
    measured = work.measured()
    verdict = work.chosen("choose by pictures", lambda: by_pictures(measured, rules))
    embedded: list[Path] = []
    if rules.model is not None:
        embedded = work.embedded(verdict, inputs)
        before = verdict
        verdict = work.chosen("choose by embeddings", lambda: by_embeddings(before, embedded, rules))
    written = work.written(verdict, embedded, name)
    facts = _report(work, full_url(where), verdict, measured, written)
    folder.write_text("report.json", report.to_json(facts))
    folder.write_text("report.md", report.as_text(facts))
    folder.write_text("prepare.json", report.to_json({"digest": name, "kept": facts["kept"]}))
    return facts


def _check(rules: Rules) -> None:
    if rules.model is None and (rules.near_cosine is not None or rules.min_similarity is not None):
        raise InputError("Rules on embeddings need a model that embeds; name one, such as sticker.")


def _inputs(shards: Sequence[Shard], rules: Rules) -> str:
    """A hash of the shards and of the model."""
    digested = hashlib.sha256(repr(described(shards)).encode())
    if rules.model is not None:
        files = Bundle.open(rules.model).manifest.files
        digested.update(repr(sorted((name, entry.sha256) for name, entry in files.items())).encode())
    return digested.hexdigest()


def _report(
    work: Preparation, source: str, verdict: Verdict, measured: list[Path], written: list[Path]
) -> dict[str, Any]:
    left_out = LeftOut(work.shards, measured, verdict)
    left_out.write(work.folder.root / "left_out.jsonl")
    return report.described(
        source=source,
        shards=len(work.shards),
        rules=work.rules,
        samples=len(verdict.faults),
        kept=int((verdict.faults == 0).sum()),
        left_out=left_out.tally.counts,
        names=left_out.tally.names,
        steps=work.told,
        terms=_changed(measured, written),
    )


def _changed(measured: list[Path], written: list[Path]) -> tuple[list[Change], list[Change]]:
    totals, captions = [Counter[str](), Counter[str]()], [0, 0]
    for side, paths in enumerate((measured, written)):
        for path in paths:
            facts = facts_of(path)
            totals[side] = merged(totals[side], facts["terms"])
            captions[side] += facts["samples"] if side else facts["captions"]
    return changes(totals[0], totals[1], captions=(captions[0], captions[1]))
