"""Checkpoints: whole or not there at all."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from safetensors.torch import save_file

from sfumato.errors import BundleError, OutputError
from sfumato.networks.weights import read_tensors
from sfumato_train import checkpoint
from sfumato_train.checkpoint import Snapshot, all_checkpoints, load, load_newest, newest, save
from sfumato_train.disk import Disk
from sfumato_train.position import Position
from support.faulty_disk import Counting, refusing


def snapshot(value: float = 1.0) -> Snapshot:
    kernel = torch.full((2, 3, 4, 4), value).to(memory_format=torch.channels_last)
    return Snapshot(
        model={"a.weight": kernel, "a.bias": torch.arange(3.0)},
        ema={"a.weight": kernel / 2},
        optim={"a.weight/step": torch.tensor(5.0), "a.weight/exp_avg": kernel * 2},
        metadata={"step": "5", "kind": "toy"},
    )


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path = save(tmp_path / "new", 5, snapshot(), keep=2)
    assert path == tmp_path / "new" / "step-00000005.safetensors"
    read = load(path)
    assert read.metadata == {"step": "5", "kind": "toy"}
    for prefix in ("model", "ema", "optim"):
        wrote, got = getattr(snapshot(), prefix), getattr(read, prefix)
        assert wrote.keys() == got.keys()
        assert all(torch.equal(wrote[name], got[name]) for name in wrote)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (1, 20, 300, 4000):
        save(tmp_path, step, snapshot(), keep=2)
    assert [path.name for path in all_checkpoints(tmp_path)] == [
        "step-00000300.safetensors",
        "step-00004000.safetensors",
    ]
    assert newest(tmp_path) == tmp_path / "step-00004000.safetensors"


def test_other_files_are_no_checkpoints(tmp_path: Path) -> None:
    for name in ("step-00000001.partial", "step-1.safetensors", "step-00000002.safetensors.bak", "stats.jsonl"):
        (tmp_path / name).touch()
    assert newest(tmp_path) is None
    assert load_newest(tmp_path) is None
    assert newest(tmp_path / "nowhere") is None


def test_a_damaged_newest_falls_back_with_a_sentence(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(1.0), keep=9)
    save(tmp_path, 2, snapshot(2.0), keep=9)
    path = save(tmp_path, 3, snapshot(3.0), keep=9)
    path.write_bytes(path.read_bytes()[:-7])
    (tmp_path / "step-00000004.safetensors").write_bytes(b"")
    found = load_newest(tmp_path)
    assert found is not None
    read, where, complaints = found
    assert where.name == "step-00000002.safetensors"
    assert read.model["a.weight"].unique().tolist() == [2.0]
    assert ["00000004" in complaints[0], "00000003" in complaints[1]] == [True, True]
    assert all(complaint.endswith("; use another one.") for complaint in complaints)


def test_damaged_ones_alone_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "step-00000004.safetensors").write_bytes(b"torn")
    with pytest.raises(BundleError, match=r"No checkpoint in .* can be read; remove the folder to begin again"):
        load_newest(tmp_path)


def boundaries(folder: Path) -> list[str]:
    """What saving step 2 over step 1 crosses."""
    counting = Counting()
    save(folder / "counted", 1, snapshot(), keep=1)
    save(folder / "counted", 2, snapshot(), keep=1, disk=counting)
    return counting.crossed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["no space", "input/output error"])
def test_a_disk_that_refuses_anywhere_leaves_the_old_checkpoint_and_no_half_one(tmp_path: Path, number: int) -> None:
    crossed = boundaries(tmp_path)
    assert {"create", "write", "sync", "rename", "sync_folder", "remove"} <= set(crossed)
    for at, name in enumerate(crossed, 1):
        folder = tmp_path / f"{at}"
        save(folder, 1, snapshot(1.0), keep=1)
        if name == "remove":  # the new one is whole: what cannot be removed is no reason to stop
            save(folder, 2, snapshot(2.0), keep=1, disk=refusing(at, number))
            assert newest(folder) == folder / "step-00000002.safetensors"
            continue
        with pytest.raises(OutputError, match=r"step-00000002.safetensors could not be written .*; free some space"):
            save(folder, 2, snapshot(2.0), keep=1, disk=refusing(at, number))
        assert load(folder / "step-00000001.safetensors").model["a.weight"].unique().tolist() == [1.0]
        assert not list(folder.glob("*.partial"))


class Full(Disk):
    """Has three bytes left and must not be written to."""

    def free(self, folder: Path) -> int:
        assert folder.is_dir()
        return 3

    def create(self, path: Path) -> BinaryIO:
        raise AssertionError(f"{path} was begun on a full disk")


def test_a_full_disk_is_seen_before_anything_is_written(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(), keep=1)
    with pytest.raises(OutputError, match=r"needs 4 MB and the disk has 0 MB left\); free some space and resume\."):
        save(tmp_path, 2, snapshot(), keep=1, disk=Full())
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.safetensors"]


def test_a_flipped_bit_is_damage(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(1.0), keep=9)
    path = save(tmp_path, 2, snapshot(2.0), keep=9)
    data = bytearray(path.read_bytes())
    data[-5] ^= 4
    path.write_bytes(data)
    read_tensors(path, "")  # the library sees nothing
    found = load_newest(tmp_path)
    assert found is not None
    assert found[0].model["a.weight"].unique().tolist() == [1.0]
    assert "its digest differs" in found[2][0]


def test_a_damaged_newer_one_does_not_push_out_good_ones(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(1.0), keep=1)
    (tmp_path / "step-00000009.safetensors").write_bytes(b"torn")
    save(tmp_path, 2, snapshot(2.0), keep=1)
    found = load_newest(tmp_path)
    assert found is not None
    assert found[1].name == "step-00000002.safetensors"


def test_what_is_set_aside_counts_no_more_and_is_not_lost(tmp_path: Path) -> None:
    path = save(tmp_path, 1, snapshot(), keep=1)
    checkpoint.set_aside(path)
    assert newest(tmp_path) is None
    assert (tmp_path / "step-00000001.safetensors.damaged").exists()


def test_a_position_that_contradicts_itself_is_damage(tmp_path: Path) -> None:
    position = Position(step=5, samples=40, batch=8)
    metadata = {"step": "5", "position": position.to_json().replace("[[40]]", "[[41]]")}
    save(tmp_path, 5, replace(snapshot(), metadata=metadata), keep=1)
    with pytest.raises(BundleError, match="position contradicts itself"):
        checkpoint.check(tmp_path / "step-00000005.safetensors")


def test_a_file_from_before_digests_is_taken_on_trust(tmp_path: Path) -> None:
    path = tmp_path / "step-00000003.safetensors"
    tensors = {f"{prefix}/w": torch.ones(3) for prefix in ("model", "ema")}
    save_file(tensors, path, metadata={"step": "3"})
    found = load_newest(tmp_path)
    assert found is not None
    assert found[0].model["w"].tolist() == [1, 1, 1]
    assert found[2] == []


def test_a_kill_while_writing_is_seen_as_nothing(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(), keep=2)
    (tmp_path / "step-00000002.partial").write_bytes(b"what a killed process left")
    assert newest(tmp_path) == tmp_path / "step-00000001.safetensors"
    save(tmp_path, 2, snapshot(), keep=2)
    assert not list(tmp_path.glob("*.partial"))


def test_old_ones_go_only_after_the_new_one_is_there_for_good(tmp_path: Path) -> None:
    crossed = boundaries(tmp_path)
    assert crossed.index("rename") < crossed.index("sync_folder") < crossed.index("remove")
    assert crossed.index("sync") < crossed.index("rename")


def test_half_written_ones_are_swept_before_the_space_is_counted(tmp_path: Path) -> None:
    (tmp_path / "step-00000002.sharded-partial").mkdir()
    (tmp_path / "step-00000002.sharded-partial" / "rank-0.safetensors").touch()
    (tmp_path / "step-00000003.partial").touch()
    (tmp_path / "sheet-00000003.partial").touch()
    save(tmp_path, 4, snapshot(), keep=1)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"step-00000004.safetensors", "sheet-00000003.partial"}
