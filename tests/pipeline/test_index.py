"""The kept embeddings: they come back, and whatever is wrong with the file is as if it were not there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

from sfumato.errors import OutputError
from sfumato.pipeline.index import Entries, Entry, Stamp, model_key, pack, read_index, write_index
from support.tiny_bundle import tiny_manifest

MODEL = "tiny 0.0.1 0123456789abcdef"


def some() -> Entries:
    rows = np.random.default_rng(0).standard_normal((2, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {
        "a.png": Entry(stamp=Stamp(size=10, mtime_ns=2**62), z=rows[0]),
        "b/ö 狐.webp": Entry(stamp=Stamp(size=0, mtime_ns=-5), broken="The picture b is damaged."),
        "c\udcff.jpg": Entry(stamp=Stamp(size=7, mtime_ns=3), z=rows[1]),
    }


def same(one: Entries, other: Entries | None) -> bool:
    assert other is not None
    assert list(one) == list(other)
    for path, entry in one.items():
        found = other[path]
        assert (found.stamp, found.broken) == (entry.stamp, entry.broken)
        if entry.z is None:
            assert found.z is None
        else:
            np.testing.assert_allclose(found.z, entry.z, atol=5e-4)
    return True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_what_is_written_comes_back(path: Path) -> None:
    write_index(path, MODEL, some())
    assert same(some(), read_index(path, MODEL))
    assert os.listdir(path.parent) == ["index"]


@pytest.mark.parametrize("kept", [[], ["b/ö 狐.webp"]])
def test_an_index_without_embeddings(path: Path, kept: list[str]) -> None:
    entries = {name: entry for name, entry in some().items() if name in kept}
    write_index(path, MODEL, entries)
    assert same(entries, read_index(path, MODEL))


def test_others_can_read_it_too(path: Path) -> None:
    z = load(pack(MODEL, some()))["z"]
    assert (z.shape, z.dtype) == ((2, 12), np.float16)


def test_half_precision_moves_a_cosine_by_less_than_a_thousandth() -> None:
    rows = np.random.default_rng(1).standard_normal((200, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.abs(rows.astype(np.float16).astype(np.float32) @ rows.T - rows @ rows.T).max() < 1e-3


def test_nothing_there_or_a_folder(tmp_path: Path) -> None:
    assert read_index(tmp_path / "none", MODEL) is None
    assert read_index(tmp_path, MODEL) is None


def test_another_models_index_is_not_used(path: Path) -> None:
    write_index(path, MODEL, some())
    assert read_index(path, MODEL + "0") is None


@given(st.data())
def test_any_damage_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A flipped bit or a lost end: nothing but the right answer or none (a flip in the padding changes nothing)."""
    raw = bytearray(pack(MODEL, some()))
    if data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    path = tmp_path_factory.mktemp("damaged") / "index"
    path.write_bytes(raw)
    found = read_index(path, MODEL)
    assert found is None or same(some(), found)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 8, b"\xff" * 64, b"no index at all", b"[" * 100_000, (2**40).to_bytes(8, "little") + b"{}"],
)
def test_what_is_no_index(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    assert read_index(path, MODEL) is None


def _with_header(change: dict[str, object]) -> bytes:
    raw = pack(MODEL, some())
    end = 8 + int.from_bytes(raw[:8], "little")
    header = {**json.loads(raw[8:end]), **change}
    said = json.dumps(header).encode()
    return len(said).to_bytes(8, "little") + said + raw[end:]


@pytest.mark.parametrize(
    "change",
    [
        {"z": {"dtype": "F16", "shape": [10**9, 10**9]}},
        {"z": {"dtype": "F16", "shape": [3, 8]}},
        {"z": None},
        {"__metadata__": {}},
        {"__metadata__": {"format": "sfumato-index-1", "model": MODEL, "sha256": "", "files": "{}"}},
        {"__metadata__": None},
    ],
)
def test_a_header_that_lies(path: Path, change: dict[str, object]) -> None:
    path.write_bytes(_with_header(change))
    assert read_index(path, MODEL) is None


def test_what_cannot_be_written_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_index(path, MODEL, some())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError):
        write_index(path, MODEL, {})
    assert same(some(), read_index(path, MODEL))
    assert os.listdir(path.parent) == ["index"]


def test_the_key_names_the_weights(tiny_bundle: Path) -> None:
    from sfumato.bundle.store import Bundle  # noqa: PLC0415

    manifest = Bundle.open(tiny_bundle).manifest
    assert model_key(manifest) == f"tiny 0.0.1 {manifest.files['image.bin'].sha256[:16]}"
    assert model_key(tiny_manifest()) == "tiny 0.0.1"
