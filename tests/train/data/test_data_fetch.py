"""Fetching: pins, checks, unpacking tar and Debian packages, and archives that would write elsewhere."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import sys
import tarfile
from itertools import chain
from pathlib import Path

import pytest

from sfumato_train.data import fetch as module
from sfumato_train.data.fetch import FetchError, Pin, fetch, pin, sha256, unpack
from sfumato_train.data.sources import SOURCES, WORDS, Source, Words


def tar_of(members: dict[str, bytes], *, link: tuple[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo(link[0])
            info.type, info.linkname = tarfile.SYMTYPE, link[1]
            tar.addfile(info)
    return file.getvalue()


def deb_of(data: bytes, *, name: str = "data.tar.xz") -> bytes:
    def member(name: str, body: bytes) -> bytes:
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode()
        return head + body + b"\n" * (len(body) % 2)

    return b"!<arch>\n" + member("debian-binary", b"2.0\n") + member("odd", b"abc") + member(name, data)


def pinned(data: bytes, *, client: str = "npm", file: str = "thing-1.tgz") -> Pin:
    digest = hashlib.sha256(data).hexdigest()
    return Pin(package="thing", client=client, version="1", file=file, sha256=digest)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A client that delivers, one after another, the files in this list, each as `thing-1.tgz`."""
    deliveries: list[bytes] = []
    code = "import sys, shutil; shutil.copy(sys.argv[1], 'thing-1.tgz')"

    def command(wanted: Pin) -> list[str]:
        path = tmp_path / "delivery"
        path.write_bytes(deliveries.pop(0))
        return [sys.executable, "-c", code, str(path)]

    monkeypatch.setattr(module, "_command", command)
    return deliveries


def test_every_source_is_pinned() -> None:
    for package in chain[Source | Words](SOURCES, WORDS):
        found = pin(package.package, package.client)
        assert len(found.sha256) == 64
        assert found.version.replace("+dfsg", "").split(":")[-1].split("-")[0] in found.file
        assert found.client in {"npm", "pip", "apt"}


def test_fetched_once_then_kept(tmp_path: Path, client: list[bytes]) -> None:
    client.append(b"package")
    wanted = pinned(b"package")
    path = fetch(wanted, tmp_path / "cache")
    assert path.read_bytes() == b"package"
    assert fetch(wanted, tmp_path / "cache") == path  # the client has nothing left to deliver


def test_another_file_under_the_same_name_is_refused(tmp_path: Path, client: list[bytes]) -> None:
    client.append(b"tampered")
    with pytest.raises(FetchError, match="SHA-256 mismatch"):
        fetch(pinned(b"package"), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, client: list[bytes]) -> None:
    client.append(b"package")
    (tmp_path / "thing-1.tgz").write_bytes(b"pack")
    assert fetch(pinned(b"package"), tmp_path).read_bytes() == b"package"


def test_failing_client_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.exit('no route to the registry')"
    monkeypatch.setattr(module, "_command", lambda wanted: [sys.executable, "-c", code])
    with pytest.raises(FetchError, match=r"could not fetch thing 1 \(no route to the registry\)"):
        fetch(pinned(b"x"), tmp_path)


def test_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_command", lambda wanted: ["no-such-client-anywhere"])
    with pytest.raises(FetchError, match="`no-such-client-anywhere` is needed"):
        fetch(pinned(b"x"), tmp_path)


def test_client_that_delivers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_command", lambda wanted: [sys.executable, "-c", ""])
    with pytest.raises(FetchError, match="did not deliver"):
        fetch(pinned(b"x"), tmp_path)


@pytest.mark.parametrize(
    ("client", "words"),
    [("npm", ["npm", "thing@1"]), ("apt", ["apt-get", "thing=1"]), ("pip", ["pip", "thing==1"])],
)
def test_commands_name_package_and_version(client: str, words: list[str]) -> None:
    command = module._command(pinned(b"", client=client))
    assert set(words) <= set(command)


def test_unpacks_once(tmp_path: Path) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(tar_of({"package/icons.json": b"{}"}))
    folder = unpack(archive, sha256(archive), tmp_path)
    assert (folder / "package" / "icons.json").read_bytes() == b"{}"
    archive.unlink()
    assert unpack(archive, folder.name, tmp_path) == folder


def test_unpacks_debian_packages(tmp_path: Path) -> None:
    archive = tmp_path / "a.deb"
    archive.write_bytes(deb_of(lzma.compress(tar_of({"./usr/share/art/x.svg": b"<svg/>"}))))
    assert (unpack(archive, "0" * 64, tmp_path) / "usr/share/art/x.svg").read_bytes() == b"<svg/>"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"no package", "does not start as one"), (deb_of(b"", name="data.tar.zst"), "no data.tar.xz")],
)
def test_damaged_debian_packages(tmp_path: Path, data: bytes, message: str) -> None:
    archive = tmp_path / "a.deb"
    archive.write_bytes(data)
    with pytest.raises(FetchError, match=message):
        unpack(archive, "0" * 64, tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        tar_of({"../outside": b"x"}),
        tar_of({"inside/../../outside": b"x"}),
        tar_of({}, link=("link", "/etc/passwd")),
        tar_of({}, link=("link", "../../outside")),
    ],
)
def test_archives_that_reach_outside_are_refused(tmp_path: Path, data: bytes) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(data)
    with pytest.raises(FetchError, match="would write outside"):
        unpack(archive, "0" * 64, tmp_path)
    assert not (tmp_path / "outside").exists()
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_damaged_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(FetchError, match=r"a\.tgz cannot be unpacked"):
        unpack(archive, "0" * 64, tmp_path)


@pytest.mark.network
@pytest.mark.skipif("SFUMATO_NETWORK" not in os.environ, reason="set SFUMATO_NETWORK=1 to ask the registries")
@pytest.mark.parametrize("name", ["flask-phantom-emoji", "@iconify-json/flat-ui", "tango-icon-theme"])
def test_real_packages_arrive_as_pinned(tmp_path: Path, name: str) -> None:
    package = next(s for s in SOURCES if s.package == name)
    wanted = pin(package.package, package.client)
    folder = unpack(fetch(wanted, tmp_path), wanted.sha256, tmp_path)
    assert (folder / package.folder).is_dir()
