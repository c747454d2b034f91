"""Precomputing: every sample of a stage's stream is shown to the frozen networks once, part by part.

Parts hang on nothing but their key and their number: what is there is kept, and processes share the rest unasked.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfumato.errors import OutputError
from sfumato_train.context import Context
from sfumato_train.disk import DISK, Disk, require
from sfumato_train.distributed import world
from sfumato_train.features.key import POINTS, UNIT, Key, difference, folder_name, key_of
from sfumato_train.features.maker import OTHERS, Maker
from sfumato_train.features.part import is_whole, packed, told_key, write
from sfumato_train.features.store import HELD_OUT, INDEX, part_name, parts_told, write_index
from sfumato_train.loader import loaded
from sfumato_train.position import Position
from sfumato_train.samples import Made, joined
from sfumato_train.signals import Halted, watched

ROWS = 2048
SHEET = 48
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`parts` of `rows` samples each (a multiple of UNIT) in `folder`, made of what `key` tells; part -1 is that of
    sheets. `workers`: processes that make pictures; 0 is a thread."""

    stage: Any
    context: Context
    folder: Path
    key: Key
    parts: int
    rows: int = ROWS
    workers: int = 0

    @property
    def samples(self) -> int:
        """In all parts but that of sheets."""
        return self.parts * self.rows

    def size(self, numbers: list[int]) -> int:
        """Samples in some parts."""
        return sum(SHEET if number < 0 else self.rows for number in numbers)

    def path(self, number: int) -> Path:
        """Where a part belongs."""
        return self.folder / (HELD_OUT if number < 0 else part_name(number))

    def own_key(self, number: int) -> Key:
        """What a part hangs on; sheets need no points."""
        return self.key if number >= 0 else {name: self.key[name] for name in self.key if name not in POINTS}

    def other(self, number: int) -> str | None:
        """In which way a part is not what is wanted; None for one that is."""
        found = told_key(self.path(number))
        return "not at all" if found is None else difference(found, self.own_key(number))

    def missing(self) -> list[int]:
        """Parts that are not there, were made of something else, or are damaged."""
        everything = range(-1, self.parts)
        return [n for n in everything if self.other(n) is not None or not is_whole(self.path(n))]


@dataclass(kw_only=True)
class Done:
    """Parts that this process made and that were there, samples that took the place of others, all parts finished."""

    made: int = 0
    kept: int = 0
    replaced: int = 0
    finished: bool = False


def wanted(
    stage: Any, context: Context, root: Path, *, samples: int, rows: int | None = None, workers: int = 0
) -> Wanted:
    """What to make for so many samples, rounded up to whole parts. Raises InputError where the key cannot be told."""
    key, rows = key_of(stage, context), rows or ROWS
    folder, parts = root / folder_name(key), -(-samples // rows)
    return Wanted(stage=stage, context=context, folder=folder, key=key, parts=parts, rows=rows, workers=workers)


def precompute(
    want: Wanted,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    tell: Tell = lambda _: None,
    disk: Disk = DISK,
) -> Done:
    """Make this process's share of the missing parts; `progress(samples, of)` is called often, `tell` says sentences.

    Raises InputError when networks or data are missing, TrainingError when samples cannot be made, OutputError when
    the disk has no room, and Halted, after the part in hand, when SIGTERM or Ctrl-C arrives.
    """
    missing = want.missing()
    rank, ranks = world()
    mine, done = missing[rank::ranks], Done(kept=want.parts + 1 - len(missing))
    if mine:
        maker = Maker(want.stage, want.context)
        _begin(want, maker, missing, disk, tell)
        with watched() as asked:
            for place, number in enumerate(mine):
                before, total = want.size(mine[:place]), want.size(mine)
                done.replaced += _make(want, maker, number, disk, lambda n: progress(before + n, total))  # noqa: B023
                done.made += 1
                if asked.number and done.made < len(mine):
                    raise Halted(asked.number, f"{done.made} parts, which are kept; the same command goes on.")
        if maker.embeddings == OTHERS:
            tell("The embeddings beside the shards are of another CLIP and were not used.")
    done.finished = all(want.other(number) is None for number in range(-1, want.parts))
    if done.finished and parts_told(want.folder) < want.parts:
        write_index(disk, want.folder, want.parts)
    return done


def _begin(want: Wanted, maker: Maker, missing: list[int], disk: Disk, tell: Tell) -> None:
    """Make the folder, take back what an index said of other parts, and ask for the room of all missing ones."""
    stale = {want.other(number) for number in missing if want.path(number).exists()} - {None, "not at all"}
    if stale:
        tell(f"The features that are there were made {' or '.join(map(str, stale))}; they are made anew.")
    try:
        disk.make_folder(want.folder)
        if parts_told(want.folder) and min(missing) < parts_told(want.folder):
            disk.remove(want.folder / INDEX)
        samples = want.size(missing)
        size = int(samples * maker.bytes_a_sample())
        free = disk.free(want.folder)
        tell(
            f"{samples:,} samples will take about {size / 1e9:.2f} GB in {want.folder}, where "
            f"{free / 1e9:.1f} GB are free."
        )
        require(disk, want.folder, size)
    except OSError as error:
        raise OutputError(
            f"The features cannot be kept in {want.folder} ({error}); free some space, or ask for fewer --samples."
        ) from error


def _make(want: Wanted, maker: Maker, number: int, disk: Disk, progress: Callable[[int], None]) -> int:
    """Make a part; how many of its samples took the place of others."""
    answers, replaced = [], 0
    for unit in _units(want, maker, number):
        answers.append(maker.answers(unit.batch))
        replaced += len(unit.replaced)
        progress(sum(len(told["z_img"]) for told in answers))
    write(disk, want.path(number), packed(joined(answers)), want.own_key(number))
    return replaced


def _units(want: Wanted, maker: Maker, number: int) -> Iterator[Made]:
    if number < 0:
        yield Made(first=0, batch=maker.held_out(SHEET))
        return
    units = want.rows // UNIT
    start = Position(step=number * units, samples=number * want.rows, batch=UNIT, workers=want.workers)
    with closing(loaded(maker, start, rank=0, steps=(number + 1) * units)) as made:
        yield from made
