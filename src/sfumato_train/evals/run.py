"""All measurements of one bundle on one data set, and the files they leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from sfumato.engine.choose import open_engine
from sfumato.errors import OutputError
from sfumato.picture.files import write
from sfumato_train.data.store import PictureStore

from .config import EvalConfig
from .judge import Judge
from .leaderboard import table
from .machine import machine
from .measure import Bench, measure_drawing, measure_neighbours, measure_reconstruction, measure_retrieval
from .progress import Progress, silent
from .report import Report, Scores, scores_row


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Scores as they come in, and the wall time of each part in seconds."""

    scores: Scores = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, measure: Callable[[], Scores]) -> None:
        """Runs one measurement."""
        start = monotonic()
        self.scores.update(measure())
        self.seconds[name] = round(monotonic() - start, 1)


def evaluate(
    bundle: str | Path,
    data: Path,
    out: Path,
    *,
    config: EvalConfig,
    command: str = "",
    threads: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Measures the bundle and writes `scores.json`, `row.md` and PNG sheets into `out` (made if missing).

    Sheets appear as they are made, the numbers at the end. Raises `BundleError` for a damaged bundle,
    `InputError` for a data set that lacks what is asked, and `OutputError` when `out` cannot be written.
    """
    store = PictureStore(data)
    engine = open_engine("openvino", bundle, threads=threads)
    _make(out)
    bench = Bench(engine=engine, judge=Judge(engine), store=store, config=config, out=out, progress=progress)
    parts = measured(bench)
    report = Report(
        model=engine.manifest.name,
        version=engine.manifest.version,
        command=command,
        data=str(store.build.get("index_sha256", "")),
        config=config,
        machine=machine(),
        scores=parts.scores,
        seconds=parts.seconds,
    )
    save(report, out)
    return report


def measured(bench: Bench) -> Parts:
    """Every measurement in order, the quick ones first."""
    parts = Parts()
    parts.add("retrieval", lambda: measure_retrieval(bench))
    parts.add("reconstruction", lambda: measure_reconstruction(bench))
    kept: list[object] = []

    def drawing() -> Scores:
        scores, drawn, texts = measure_drawing(bench)
        kept.extend((drawn, texts))
        return scores

    parts.add("drawing", drawing)
    parts.add("neighbours", lambda: measure_neighbours(bench, *kept))  # type: ignore[arg-type]
    return parts


def save(report: Report, out: Path) -> None:
    """The numbers for programs and for people."""
    row = {"model": f"{report.model} {report.version}", **scores_row(report.scores)}
    write(out / "row.md", table(list(row), [list(row.values())]).encode())
    write(out / "scores.json", report.to_json().encode())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}); choose another folder.") from error
