"""Checkpoints: whole or not there at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from sfumato.errors import BundleError, OutputError
from sfumato_train import checkpoint
from sfumato_train.checkpoint import Snapshot, all_checkpoints, load, load_newest, newest, save


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


def refuse(*_args: object, **_kwargs: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def refuse_as_safetensors_does(*_args: object, **_kwargs: object) -> None:
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def half_write(_tensors: object, path: Path, **_kwargs: object) -> None:
    path.write_bytes(b"half")
    refuse()


FAILURES = {
    "serialising": (checkpoint, "save_file", refuse_as_safetensors_does),
    "writing": (checkpoint, "save_file", half_write),
    "syncing": (os, "fsync", refuse),
    "renaming": (os, "replace", refuse),
}


@pytest.mark.parametrize("failure", sorted(FAILURES))
def test_a_full_disk_leaves_the_old_checkpoint_and_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    save(tmp_path, 1, snapshot(), keep=1)
    module, name, function = FAILURES[failure]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, function)
        with pytest.raises(OutputError, match=r"step-00000002.safetensors could not be written .*; free some space"):
            save(tmp_path, 2, snapshot(), keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.safetensors"]
    assert load(tmp_path / "step-00000001.safetensors").metadata["step"] == "5"


def test_a_kill_while_writing_is_seen_as_nothing(tmp_path: Path) -> None:
    save(tmp_path, 1, snapshot(), keep=2)
    (tmp_path / "step-00000002.partial").write_bytes(b"what a killed process left")
    assert newest(tmp_path) == tmp_path / "step-00000001.safetensors"
    save(tmp_path, 2, snapshot(), keep=2)
    assert not list(tmp_path.glob("*.partial"))


def test_old_ones_go_only_after_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1, snapshot(), keep=1)
    there: list[bool] = []
    remove = Path.unlink

    def watched(path: Path, **kwargs: bool) -> None:
        there.append((tmp_path / "step-00000002.safetensors").exists())
        remove(path, **kwargs)

    monkeypatch.setattr(Path, "unlink", watched)
    save(tmp_path, 2, snapshot(), keep=1)
    assert there == [True]
