import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import InputError, OutputError
from sfumato.picture.files import SUFFIXES, format_of, save, write
from sfumato.picture.metadata import read

PIXELS = np.full((4, 4, 4), 255, np.uint8)


@pytest.mark.parametrize(("suffix", "format"), SUFFIXES.items())
def test_the_suffix_decides_the_format(suffix, format, tmp_path) -> None:
    path = save(tmp_path / f"fox{suffix.upper()}", PIXELS, {"seed": 3})
    assert format_of(path) == format
    assert read(path) == {"seed": 3}


@pytest.mark.parametrize("name", ["fox", "fox.gif", "png"])
def test_other_suffixes_are_refused(name) -> None:
    with pytest.raises(InputError, match=r"\.png, \.jpg"):
        format_of(name)


def test_quality_reaches_the_encoder(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    low, high = (save(tmp_path / f"{q}.jpg", pixels, {}, quality=q).stat().st_size for q in (10, 95))
    assert low < high


def test_a_file_is_replaced_whole(tmp_path) -> None:
    path = tmp_path / "a.txt"
    assert write(path, b"first") == path
    write(str(path), b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_follow_the_umask(tmp_path) -> None:
    previous = os.umask(0o027)
    try:
        path = write(tmp_path / "a", b"")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_longest_name_can_be_written(tmp_path) -> None:
    assert write(tmp_path / ("x" * 251 + ".png"), b"1").read_bytes() == b"1"


def test_a_missing_folder_is_told(tmp_path) -> None:
    with pytest.raises(OutputError, match=r"gone/a\.png could not be written \(No such file"):
        write(tmp_path / "gone" / "a.png", b"")


def test_a_folder_in_the_way_is_told_and_nothing_left(tmp_path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a\.png"):
        write(tmp_path / "a.png", b"")
    assert os.listdir(tmp_path) == ["a.png"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "a.png", b"old")

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


FULL_DISK = """
import resource, sys
from sfumato.errors import OutputError
from sfumato.picture.files import write
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write(sys.argv[1], bytes(5000))
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a Unix thing")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path) -> None:
    """A limit on file sizes fails in the middle of a write as a full disk does."""
    path = write(tmp_path / "a.png", b"old")
    source = Path(__file__).parents[2] / "src"
    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "a.png could not be written (File too large)" in told.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]
