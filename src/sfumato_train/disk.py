"""The file system as a saver sees it: every boundary at which a process can be killed is one method here.

Tests put a disk in its place that fails, fills up, or stops the process at the n-th boundary.
"""

import os
import shutil
from pathlib import Path
from typing import BinaryIO, cast


class Disk:
    """The real one. Every method raises OSError as the system does."""

    def free(self, folder: Path) -> int:
        """Bytes that may still be written into an existing folder."""
        return shutil.disk_usage(folder).free

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it; one that is there is left as it is."""
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, path: Path) -> BinaryIO:
        """An empty, unbuffered file, in the place of one that is there."""
        return cast(BinaryIO, path.open("wb", buffering=0))

    def write(self, file: BinaryIO, data: memoryview) -> None:
        """Append all of `data` (bytes); a raw write may take only a part of it at a time."""
        while data:
            data = data[file.write(data) :]

    def sync(self, file: BinaryIO) -> None:
        """Return when what was written is on the medium."""
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or folder its name at once; a file that has the name already is replaced."""
        os.replace(source, target)

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the medium: without it a rename may be undone by a power cut."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def remove_folder(self, folder: Path) -> None:
        """Remove an empty folder."""
        folder.rmdir()


DISK = Disk()


def remove_tree(disk: Disk, folder: Path, *, first: str = "") -> None:
    """Remove a folder of files, beginning with the file named `first`, without which the rest means nothing."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.name != first, path.name)):
        disk.remove(path)
    disk.remove_folder(folder)


def require(disk: Disk, folder: Path, size: int) -> None:
    """OSError when a folder has no room for `size` bytes."""
    free = disk.free(folder)
    if free < size:
        raise OSError(f"it needs {size / 1e6:.0f} MB and the disk has {free / 1e6:.0f} MB left")
