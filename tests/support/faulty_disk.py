"""Disks that fail, end the process, or lose what was not synced, at the n-th boundary that a saver crosses."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import BinaryIO

from sfumato_train.disk import Disk

BOUNDARIES = (
    "make_folder",
    "create",
    "write",
    "sync",
    "rename",
    "sync_folder",
    "remove",
    "remove_folder",
)


class Counting(Disk):
    """Counts boundaries and calls `at` with the number and name of each before it is crossed."""

    def __init__(self, at: Callable[[int, str], None] = lambda _number, _name: None) -> None:
        self.at = at
        self.crossed: list[str] = []

    def cross(self, name: str) -> None:
        self.crossed.append(name)
        self.at(len(self.crossed), name)

    def make_folder(self, folder: Path) -> None:
        self.cross("make_folder")
        super().make_folder(folder)

    def create(self, path: Path) -> BinaryIO:
        self.cross("create")
        return super().create(path)

    def write(self, file: BinaryIO, data: memoryview) -> None:
        half = len(data) // 2
        super().write(file, data[:half])  # a killed writer leaves some of it
        self.cross("write")
        super().write(file, data[half:])

    def sync(self, file: BinaryIO) -> None:
        self.cross("sync")
        super().sync(file)

    def rename(self, source: Path, target: Path) -> None:
        self.cross("rename")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        self.cross("sync_folder")
        super().sync_folder(folder)

    def remove(self, path: Path) -> None:
        self.cross("remove")
        super().remove(path)

    def remove_folder(self, folder: Path) -> None:
        self.cross("remove_folder")
        super().remove_folder(folder)


def refusing(at: int, number: int) -> Counting:
    """Raises OSError `number` at boundary `at`."""

    def refuse(crossed: int, _name: str) -> None:
        if crossed == at:
            raise OSError(number, os.strerror(number))

    return Counting(refuse)


def killing(at: int) -> Counting:
    """Ends the process at boundary `at` as `kill -9` does: nothing is tidied up."""

    def kill(crossed: int, _name: str) -> None:
        if crossed == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return Counting(kill)


class PowerCut(BaseException):
    """The electricity fails."""


class Volatile(Counting):
    """Remembers what is on the medium, as opposed to in memory; the power fails at boundary `at`.

    What of a file was not synced is lost with the power. Whether names that were made, changed or removed since their
    folder was synced are lost is chance: `after` gives every outcome that the tests distinguish.
    """

    def __init__(self, folder: Path, at: int) -> None:
        def fail(crossed: int, _name: str) -> None:
            if crossed == at:
                raise PowerCut

        super().__init__(fail)
        self.folder = folder
        self._numbers = count()
        self.now: dict[Path, int] = {}
        self.synced: dict[int, bytes] = {}
        self.open: dict[int, tuple[int, Path]] = {}
        for path in folder.iterdir():
            self.now[path] = number = next(self._numbers)
            self.synced[number] = path.read_bytes()
        self.named = dict(self.now)

    def create(self, path: Path) -> BinaryIO:
        file = super().create(path)
        self.now[path] = number = next(self._numbers)
        self.synced[number] = b""
        self.open[id(file)] = (number, path)
        return file

    def sync(self, file: BinaryIO) -> None:
        super().sync(file)
        number, path = self.open[id(file)]
        self.synced[number] = path.read_bytes()

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self.now[target] = self.now.pop(source)

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.now.pop(path)

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.named = dict(self.now)

    def after(self, out: Path) -> Iterable[Path]:
        """Folders as they may be found when the power is back: names kept, names lost, only removals kept."""
        removed = {path: number for path, number in self.named.items() if path in self.now}
        for outcome, names in {"kept": self.now, "lost": self.named, "removed": removed}.items():
            folder = out / outcome
            folder.mkdir(parents=True)
            for path, number in names.items():
                (folder / path.name).write_bytes(self.synced[number])
            yield folder


class Careless(Volatile):
    """The same disk under a saver that never syncs: the control of the power cut."""

    def sync(self, file: BinaryIO) -> None:
        self.cross("sync")

    def sync_folder(self, folder: Path) -> None:
        self.cross("sync_folder")
