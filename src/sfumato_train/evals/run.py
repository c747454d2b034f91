"""All measurements of one bundle on one data set, and the files they leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from sfumato.engine.choose import open_engine
from sfumato.errors import InputError, OutputError
from sfumato.picture.files import write
from sfumato_train.data.store import PictureStore

from .bench import Bench
from .config import EvalConfig
from .judge import SHIPPED, read_card
from .machine import machine
from .markdown import table
from .measure import JUDGED, MEASUREMENTS, USUAL
from .own_clip import OwnClip
from .progress import Progress, silent
from .report import Report, Scores, scores_row


def evaluate(
    bundle: str | Path,
    data: Path,
    out: Path,
    *,
    config: EvalConfig,
    only: Sequence[str] = USUAL,
    judge: Path = SHIPPED,
    command: str = "",
    note: str = "",
    threads: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Measures the bundle and writes `scores.json`, `row.md` and PNG sheets into `out` (made if missing).

    only: names of MEASUREMENTS, taken in that order; all but the sweep without it. judge: the folder of the judge.
    note: what a reader should know of this run, such as that the machine was busy. The files are written anew after
    each measurement, so that a run that is stopped leaves what it had. Raises `BundleError` for a damaged bundle or
    judge, `InputError` for unknown names and for a data set that lacks what is asked, and `OutputError` when `out`
    cannot be written.
    """
    _check(only)
    if set(only) & set(JUDGED):
        read_card(judge)
    store = PictureStore(data)
    engine = open_engine("openvino", bundle, threads=threads)
    _make(out)
    bench = Bench(
        engine=engine,
        clip=OwnClip(engine),
        store=store,
        config=config,
        out=out,
        judge_folder=judge,
        progress=progress,
    )
    scores: Scores = {}
    seconds: dict[str, float] = {}
    for name in (name for name in MEASUREMENTS if name in only):
        start = monotonic()
        scores |= MEASUREMENTS[name](bench)
        seconds[name] = round(monotonic() - start, 1)
        report = _report(bench, scores, seconds, command, note)
        save(report, out)
    return report


def save(report: Report, out: Path) -> None:
    """The numbers for programs and for people."""
    row = {"model": report.title, **scores_row(report.scores)}
    write(out / "row.md", table(list(row), [list(row.values())]).encode())
    write(out / "scores.json", report.to_json().encode())


def _report(bench: Bench, scores: Scores, seconds: dict[str, float], command: str, note: str) -> Report:
    manifest = bench.engine.manifest
    return Report(
        model=manifest.name,
        version=manifest.version,
        command=command,
        data=str(bench.store.build.get("index_sha256", "")),
        config=bench.config,
        machine=machine(),
        scores=dict(scores),
        seconds=dict(seconds),
        judge=bench.judge.name if set(seconds) & set(JUDGED) else "",
        note=note,
    )


def _check(only: Sequence[str]) -> None:
    unknown = [name for name in only if name not in MEASUREMENTS]
    if unknown or not only:
        raise InputError(
            f"There is no measurement {', '.join(map(repr, unknown or ['']))}; choose among {', '.join(MEASUREMENTS)}."
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}); choose another folder.") from error
