"""Parts of checkpoints: which rows are where, whatever the number that wrote and the number that reads."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from sfumato.errors import BundleError, OutputError
from sfumato.networks.weights import read_tensors
from sfumato_train import checkpoint, sharded
from sfumato_train.disk import Disk
from sfumato_train.parts import rows
from sfumato_train.sharded import INDEX, file_of

METADATA = {"step": "4"}


@given(count=st.integers(0, 40), ranks=st.integers(1, 9))
def test_rows_are_cut_as_torch_cuts_them(count: int, ranks: int) -> None:
    chunks = torch.arange(count).chunk(ranks)
    for rank in range(ranks):
        first, last = rows(count, rank, ranks)
        held = chunks[rank].tolist() if rank < len(chunks) else []
        assert list(range(first, last)) == held


def tensors() -> dict[str, Tensor]:
    return {"model/w": torch.arange(35.0).view(7, 5), "model/b": torch.arange(2), "optim/w/step": torch.tensor(4.0)}


def written_by(ranks: int, folder: Path) -> Path:
    """A folder as so many ranks leave it, w and b spread, the step on rank 0."""
    parts = folder / "step-00000004.sharded"
    parts.mkdir()
    whole = tensors()
    described = {}
    for name, value in whole.items():
        held = [(rank, *rows(len(value), rank, ranks)) for rank in range(ranks)] if value.ndim else []
        cut = [[file_of(rank), first, last] for rank, first, last in held if first < last]
        dtype = str(value.dtype).removeprefix("torch.")
        described[name] = {"dtype": dtype, "shape": list(value.shape), "parts": cut or [[file_of(0), None, None]]}
    for rank in range(ranks):
        mine = {name: value for name, value in whole.items() if rank == 0 and not value.ndim}
        for name, value in whole.items():
            if value.ndim:
                first, last = rows(len(value), rank, ranks)
                mine |= {name: value[first:last].clone()} if first < last else {}
        if mine:
            save_file(mine, parts / file_of(rank), metadata={"rank": str(rank)})
    content = {"format": sharded.FORMAT, "ranks": ranks, "metadata": METADATA, "tensors": described}
    sharded._write_index(Disk(), parts / INDEX, content)
    return parts


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_any_rows_are_read_whoever_wrote_them(tmp_path: Path, ranks: int) -> None:
    source = sharded.source(written_by(ranks, tmp_path))
    assert source.metadata == METADATA
    for name, value in tensors().items():
        assert torch.equal(source.read(name, None), value)
    for readers in (1, 2, 5, 9):
        for rank in range(readers):
            first, last = rows(7, rank, readers)
            assert torch.equal(source.read("model/w", (first, last)), tensors()["model/w"][first:last])


def test_processes_that_join_at_the_same_time_do_not_disturb_one_another(tmp_path: Path) -> None:
    written_by(2, tmp_path)

    class Meanwhile(Disk):
        """Another process of a later stage does the same while this one writes."""

        def sync(self, file: object) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("RANK", "1")
                checkpoint.newest(tmp_path)

    path = checkpoint.newest(tmp_path, disk=Meanwhile())
    assert path == tmp_path / "step-00000004.safetensors"
    checkpoint.check(path)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_process_was_joining_is_swept_once_it_is_old(tmp_path: Path) -> None:
    for name, age in (("step-00000004.joining-7-0", 0), ("step-00000004.joining-8-0", 7200)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    checkpoint.sweep(tmp_path, Disk())
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000004.joining-7-0"]


@pytest.mark.parametrize("ranks", [1, 3])
def test_parts_are_joined_to_a_file_that_the_networks_can_read(tmp_path: Path, ranks: int) -> None:
    written_by(ranks, tmp_path)
    path = checkpoint.newest(tmp_path)
    assert path == tmp_path / "step-00000004.safetensors"
    found, metadata = read_tensors(path, "")
    assert all(torch.equal(found[name], value) for name, value in tensors().items())
    assert metadata["step"] == "4"
    assert checkpoint.newest(tmp_path) == path  # and not again
    assert [one.name for one in checkpoint.all_checkpoints(tmp_path)] == ["step-00000004.sharded", path.name]


def test_one_process_alone_writes_everything(tmp_path: Path) -> None:
    target = tmp_path / "step-00000004.sharded"
    sharded.write(Disk(), target, tensors(), METADATA, 0, 1)
    sharded.check(target)
    source = sharded.source(target)
    assert all(torch.equal(source.read(name, None), value) for name, value in tensors().items())
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


class Full(Disk):
    def free(self, folder: Path) -> int:
        return 5


def test_a_full_disk_is_seen_before_the_part_is_written(tmp_path: Path) -> None:
    target = tmp_path / "step-00000004.sharded"
    with pytest.raises(OutputError, match=r"could not be written \(it needs 4 MB and the disk has 0 MB left\)"):
        sharded.write(Full(), target, tensors(), METADATA, 0, 1)
    assert checkpoint.all_checkpoints(tmp_path) == []


def spoil_index(parts: Path) -> None:
    content = json.loads((parts / INDEX).read_text())
    content["tensors"]["model/w"]["shape"] = [7, 6]
    (parts / INDEX).write_text(json.dumps(content))


def tear_index(parts: Path) -> None:
    (parts / INDEX).write_text((parts / INDEX).read_text()[:-9])


def tear_part(parts: Path) -> None:
    path = parts / file_of(1)
    path.write_bytes(path.read_bytes()[:-3])


def lose_part(parts: Path) -> None:
    (parts / file_of(1)).unlink()


@pytest.mark.parametrize("damage", [spoil_index, tear_index, tear_part, lose_part])
def test_damage_is_seen_and_the_checkpoint_before_is_taken(tmp_path: Path, damage: object) -> None:
    parts = written_by(2, tmp_path)
    before = checkpoint.Snapshot(model={"w": torch.ones(2)}, ema={}, optim={}, metadata={"step": "3"})
    checkpoint.save(tmp_path, 3, before, keep=9)
    damage(parts)  # type: ignore[operator]
    with pytest.raises(BundleError, match=r"cannot be read .*; use another one\."):
        checkpoint.check(parts)
    path, complaints, damaged = checkpoint.newest_good(tmp_path)
    assert path == tmp_path / "step-00000003.safetensors"
    assert len(complaints) == 1
    assert damaged == [parts]


def test_without_its_index_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    (written_by(2, tmp_path) / INDEX).unlink()
    assert checkpoint.newest(tmp_path) is None


def test_both_forms_of_a_step_are_kept_and_go_together(tmp_path: Path) -> None:
    written_by(2, tmp_path)
    checkpoint.newest(tmp_path)
    for step in (5, 6):
        checkpoint.save(tmp_path, step, checkpoint.load(tmp_path / "step-00000004.safetensors"), keep=2)
        names = [path.name for path in checkpoint.all_checkpoints(tmp_path)]
        assert ("step-00000004.sharded" in names) == ("step-00000004.safetensors" in names) == (step == 5)
    assert not (tmp_path / "step-00000004.sharded").exists()
