"""Features as a run reads them: a folder of parts, of which any sample can be had."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sfumato.errors import InputError, OutputError
from sfumato_train.disk import Disk
from sfumato_train.distributed import world
from sfumato_train.features.key import POINTS, Key, difference, folder_name
from sfumato_train.features.part import Part, damaged, is_whole, opened, told_key, unpacked
from sfumato_train.samples import Batch

INDEX = "features.json"
HELD_OUT = "held-out.safetensors"
_AGAIN = "run `sfumato-train precompute` for this stage with the same settings"


def part_name(number: int) -> str:
    """The file of a part."""
    return f"part-{number:05d}.safetensors"


def write_index(disk: Disk, folder: Path, parts: int) -> None:
    """Say how many parts there are; OutputError when the disk refuses."""
    beside = folder / f"{INDEX}.{world()[0]}.partial"
    try:
        with disk.create(beside) as file:
            disk.write(file, memoryview(json.dumps({"parts": parts}).encode()))
            disk.sync(file)
        disk.rename(beside, folder / INDEX)
        disk.sync_folder(folder)
    except OSError as error:
        raise OutputError(f"{folder / INDEX} could not be written ({error}); free some space and go on.") from error


def parts_told(folder: Path) -> int:
    """How many parts the index tells of, 0 without one; InputError for one that cannot be read."""
    path = folder / INDEX
    if not path.is_file():
        return 0
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["parts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error}); run `sfumato-train precompute` again.") from error


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """All parts have equally many samples; `held_out` has those of sheets, without points."""

    parts: Sequence[Part]
    held_out: Part

    @property
    def rows(self) -> int:
        """Samples in all."""
        return len(self.parts) * self.parts[0].rows

    def batch(self, rows: Sequence[int]) -> Batch:
        """Samples by their numbers, as `unpacked` gives them."""
        size = self.parts[0].rows
        return unpacked([(self.parts[row // size], row % size) for row in rows])

    def sheet(self, count: int) -> Batch:
        """The first `count` held-out samples, or as many as there are."""
        return unpacked([(self.held_out, i) for i in range(min(count, self.held_out.rows))])


def features(root: Path, wanted: Key) -> Features:
    """Open the features of a stage's stream below `root`, after every byte of them was checked.

    Under torchrun each process checks its share. InputError, saying what to do, when they are not there, were made
    of something else, or are damaged.
    """
    folder = root / folder_name(wanted)
    count = parts_told(folder)
    if count == 0:
        raise InputError(f"There are no finished features of this stage's samples in {root}; {_AGAIN}.")
    paths = [folder / HELD_OUT, *(folder / part_name(number) for number in range(count))]
    for path in paths:
        _check_key(path, wanted)
    rank, ranks = world()
    for path in paths[rank::ranks]:
        if not is_whole(path):
            raise damaged(path)
    left = () if "maps" in wanted else ("maps",)
    held_out, *parts = (opened(path, left=left) for path in paths)
    return Features(parts=parts, held_out=held_out)


def _check_key(path: Path, wanted: Key) -> None:
    if not path.exists():
        raise InputError(f"The part {path} is missing; {_AGAIN}.")
    found = told_key(path)
    if found is None:
        raise damaged(path)
    pairs = {name: value for name, value in wanted.items() if path.name != HELD_OUT or name not in POINTS}
    other = difference(found, pairs)
    if other is not None:
        raise InputError(
            f"The features in {path.parent} were made {other}; {_AGAIN}, or train with precomputed=false."
        )
