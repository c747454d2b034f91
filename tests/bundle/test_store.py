from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from sfumato.bundle import store
from sfumato.bundle.manifest import FileEntry, Manifest
from sfumato.bundle.store import Bundle, find, fingerprint, installed, write_manifest
from sfumato.errors import BundleError
from support.tiny_bundle import make_tiny_bundle, tiny_manifest


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A bundle to spoil."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def test_files_of_a_sound_bundle_are_given(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    for name in bundle.manifest.files:
        assert bundle.file(name) == tiny_bundle / name
    assert bundle.graph("text") == (tiny_bundle / "text.xml", tiny_bundle / "text.bin")


@pytest.mark.parametrize("name", ["text.bin", "text.xml"])
def test_one_flipped_bit_is_found(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name} differs"):
        Bundle.open(copy).graph("text")


def test_truncated_missing_and_unlisted_files_are_refused(copy: Path) -> None:
    bundle = Bundle.open(copy)
    os.truncate(copy / "text.bin", 10)
    with pytest.raises(BundleError, match=r"text\.bin differs"):
        bundle.file("text.bin")
    (copy / "image.bin").unlink()
    with pytest.raises(BundleError, match=r"image\.bin cannot be read"):
        bundle.file("image.bin")
    (copy / "stranger.bin").write_bytes(b"")
    with pytest.raises(BundleError, match="not listed"):
        bundle.file("stranger.bin")
    with pytest.raises(BundleError, match="not listed"):
        bundle.file("../copy/text.xml")
    with pytest.raises(BundleError, match="no graph nonsense"):
        bundle.graph("nonsense")


def test_a_file_is_hashed_once(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []

    def counting(path: Path) -> FileEntry:
        hashed.append(path)
        return fingerprint(path)

    monkeypatch.setattr(store, "fingerprint", counting)
    bundle = Bundle.open(copy)
    assert not hashed
    for _ in range(3):
        bundle.file("text.bin")
    assert hashed == [copy / "text.bin"]


def test_fingerprint_is_sha256_and_length(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"sfumato" * 1000)
    assert fingerprint(path).sha256 == hashlib.sha256(b"sfumato" * 1000).hexdigest()
    assert fingerprint(path).bytes == 7000


def test_models_are_found_by_name_and_by_path(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_MODELS", os.pathsep.join(["/nowhere", str(tiny_bundle.parent)]))
    assert find("tiny") == find(tiny_bundle) == find(str(tiny_bundle)) == tiny_bundle
    assert "tiny" in installed()


def test_missing_models_are_named_with_those_there_are(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_MODELS", str(tiny_bundle.parent))
    with pytest.raises(BundleError, match=r"no model named 'nobody' \(installed: .*tiny"):
        find("nobody")
    with pytest.raises(BundleError, match="give a bundle's folder"):
        find(tmp_path)


def test_write_manifest_covers_every_file_and_folder(copy: Path) -> None:
    (copy / "weights").mkdir()
    (copy / "weights" / "clip.safetensors").write_bytes(b"tensors")
    written = write_manifest(copy, tiny_manifest())
    assert written == Manifest.read(copy / "manifest.json")
    assert written.files["weights/clip.safetensors"] == fingerprint(copy / "weights" / "clip.safetensors")
    assert "manifest.json" not in written.files
    assert Bundle.open(copy).file("weights/clip.safetensors").read_bytes() == b"tensors"


def test_write_manifest_refuses_an_incomplete_folder(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    before = (copy / "manifest.json").read_bytes()
    with pytest.raises(BundleError, match=r"tokenizer\.json is missing"):
        write_manifest(copy, tiny_manifest())
    assert (copy / "manifest.json").read_bytes() == before


def test_equal_seeds_make_equal_weights(tiny_bundle: Path, tmp_path: Path) -> None:
    again = make_tiny_bundle(tmp_path / "again")
    other = make_tiny_bundle(tmp_path / "other", seed=1)
    files = [Manifest.read(path / "manifest.json").files for path in (tiny_bundle, again, other)]
    weights = [{name: entry for name, entry in one.items() if name.endswith(".bin")} for one in files]
    assert weights[0] == weights[1]
    assert weights[0]["decoder.bin"] != weights[2]["decoder.bin"]


def test_the_user_s_own_shelf_comes_last_and_is_where_models_are_put(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SFUMATO_MODELS", raising=False)
    monkeypatch.setattr(store.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    own = tmp_path / "data" / "sfumato" / "models"
    assert store.user_shelf() == own
    assert store.shelves() == [store.SHIPPED, own]
    shutil.copytree(tiny_bundle, own / "mine")
    assert find("mine") == own / "mine"
    assert "mine" in installed()
    monkeypatch.setenv("SFUMATO_MODELS", os.pathsep.join(["/first", "/second"]))
    assert store.user_shelf() == Path("/first")
    assert store.shelves() == [store.SHIPPED, Path("/first"), Path("/second"), own]


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".local/share/sfumato"),
        ("darwin", "Library/Application Support/sfumato"),
        ("win32", "AppData/Local/sfumato"),
    ],
)
def test_every_platform_has_its_folder(platform: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(store.sys, "platform", platform)
    monkeypatch.setattr(store.Path, "home", lambda: Path("/home/somebody"))
    assert store.data_home() == Path("/home/somebody") / folder


def test_a_user_without_a_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("SFUMATO_MODELS", raising=False)
    monkeypatch.setattr(store.Path, "home", homeless)
    assert store.shelves() == [store.SHIPPED]
    with pytest.raises(BundleError, match=r"no home folder .*SFUMATO_MODELS"):
        store.user_shelf()
