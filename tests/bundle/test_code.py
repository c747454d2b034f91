"""The file of the embedding's code: what was written is read, and nothing else is."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sfumato.bundle.code import NAMES, read_code, write_code
from sfumato.errors import BundleError
from support.tiny_bundle import AR_PRIOR, SHAPE, tiny_code


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_code(tiny_code(), tmp_path / "code.npz")
    return tmp_path / "code.npz"


def test_what_was_written_is_read(path: Path) -> None:
    code = read_code(path, AR_PRIOR, embedding=SHAPE.E)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(code, name), getattr(tiny_code(), name))


def test_equal_codes_are_equal_bytes(path: Path, tmp_path: Path) -> None:
    write_code(tiny_code(), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", pickle.dumps([1, 2])])
def test_what_is_no_archive_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"code\.npz cannot be read"):
        read_code(path, AR_PRIOR, embedding=SHAPE.E)


def test_half_an_archive_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BundleError, match="install the model again"):
        read_code(path, AR_PRIOR, embedding=SHAPE.E)


def test_a_missing_file_and_a_missing_array_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        read_code(tmp_path / "nothing.npz", AR_PRIOR, embedding=SHAPE.E)
    np.savez(path, mean=tiny_code().mean)
    with pytest.raises(BundleError, match="basis"):
        read_code(path, AR_PRIOR, embedding=SHAPE.E)


def test_objects_are_never_unpickled(path: Path) -> None:
    arrays = {name: getattr(tiny_code(), name) for name in NAMES}
    np.savez(path, **(arrays | {"mean": np.array([{"a": 1}], dtype=object)}), allow_pickle=True)
    with pytest.raises(BundleError, match="cannot be read"):
        read_code(path, AR_PRIOR, embedding=SHAPE.E)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"mean": np.zeros(SHAPE.E + 1, np.float32)}, "mean"),
        ({"basis": np.zeros((2, SHAPE.E), np.float32)}, "basis"),
        ({"edges": np.zeros((5, 3), np.float32)}, "edges"),
        ({"centres": np.zeros((SHAPE.numbers, SHAPE.buckets))}, "centres"),
        ({"centres": np.full((SHAPE.numbers, SHAPE.buckets), np.nan, np.float32)}, "centres"),
    ],
)
def test_a_code_that_does_not_fit_is_named(path: Path, change: dict[str, np.ndarray], name: str) -> None:
    write_code(replace(tiny_code(), **change), path)
    with pytest.raises(BundleError, match=rf"does not fit the model's manifest \({name}\)"):
        read_code(path, AR_PRIOR, embedding=SHAPE.E)
