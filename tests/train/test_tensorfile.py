"""Files we write are the library's, and no change to one goes unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from sfumato.errors import BundleError
from sfumato_train.disk import Disk
from sfumato_train.tensorfile import DIGEST, check, entry, size, write

TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool)


def tensors() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    found = {str(dtype): (torch.randn(3, 5, generator=generator) * 9).to(dtype) for dtype in TYPES}
    kernel = torch.randn(4, 3, 2, 2, generator=generator).to(memory_format=torch.channels_last)
    return found | {"kernel": kernel, "number": torch.tensor(7.0), "nothing": torch.empty(0, 4)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "some.safetensors"
    write(Disk(), file, {name: entry(value) for name, value in tensors().items()}, {"step": "3", "é": "ü"})
    return file


def test_the_library_reads_what_was_written(path: Path) -> None:
    found, wanted = load_file(path), tensors()
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        assert file.get_slice("number").get_shape() == []
    assert (metadata["step"], metadata["é"], len(metadata[DIGEST])) == ("3", "ü", 64)
    check(path)


def test_the_space_asked_for_is_enough(path: Path) -> None:
    assert size({name: entry(value) for name, value in tensors().items()}) > path.stat().st_size


@given(st.data())
def test_any_flipped_bit_is_seen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    write(Disk(), file, {"w": entry(torch.arange(6.0))}, {"step": "3"})
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    key = file.read_bytes().index(DIGEST.encode())
    if key <= place < key + len(DIGEST):
        return  # a file without a digest is taken for one from before there were any; nothing else is wrong with it
    file.write_bytes(content)
    with pytest.raises(BundleError, match="cannot be read"):
        check(file)


@pytest.mark.parametrize("cut", [0, 3, 8, 40, -1])
def test_a_torn_file_is_seen(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BundleError, match=r"cannot be read .*; use another one\."):
        check(path)


def test_a_file_of_the_librarys_own_writer_has_no_digest_and_passes(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "w.safetensors", metadata={"step": "1"})
    check(tmp_path / "w.safetensors")
    save_file({"w": torch.ones(2)}, tmp_path / "w.safetensors")
    check(tmp_path / "w.safetensors")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nowhere"):
        check(tmp_path / "nowhere")
