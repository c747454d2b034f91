"""Precomputing: what is made, what is kept, what is made anew, and who makes it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from sfumato.errors import InputError, OutputError
from sfumato_train.context import Context
from sfumato_train.disk import Disk
from sfumato_train.features.make import SHEET, precompute
from sfumato_train.features.maker import Maker
from sfumato_train.features.store import INDEX, features, part_name
from sfumato_train.signals import Halted
from support.kept_features import PARTS, ROWS, keep, stage_of, want_of, with_training
from support.networks import tiny_networks, write_checkpoints


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.safetensors"))}


def test_parts_are_whole_keyed_and_told_of(fresh: Context) -> None:
    stage = stage_of("decoder")
    told: list[str] = []
    seen: list[tuple[int, int]] = []
    want = want_of(stage, fresh)
    done = precompute(want, progress=lambda *pair: seen.append(pair), tell=told.append)
    assert (done.made, done.kept, done.finished) == (PARTS + 1, 0, True)
    assert sorted(stamps(want.folder)) == ["held-out.safetensors", part_name(0), part_name(1)]
    assert json.loads((want.folder / INDEX).read_text(encoding="utf-8")) == {"parts": PARTS}
    assert seen[-1] == (SHEET + PARTS * ROWS, SHEET + PARTS * ROWS)
    assert len(told) == 1
    assert told[0].startswith("176 samples will take about 0.00 GB in ")
    found = features(want.folder.parent, want.key)
    assert found.rows == PARTS * ROWS
    assert not list(want.folder.glob("*.partial"))


def test_what_is_there_is_kept_and_what_is_missing_or_damaged_is_made_anew(fresh: Context) -> None:
    stage = stage_of("decoder")
    folder = keep(stage, fresh)
    whole, before = contents(folder), stamps(folder)
    assert precompute(want_of(stage, fresh)).made == 0
    (folder / part_name(1)).unlink()
    data = bytearray((folder / part_name(0)).read_bytes())
    data[-1] ^= 1
    (folder / part_name(0)).write_bytes(data)
    done = precompute(want_of(stage, fresh))
    assert (done.made, done.kept) == (2, 1)
    assert contents(folder) == whole
    assert stamps(folder)["held-out.safetensors"] == before["held-out.safetensors"]


def test_a_restart_in_the_middle_and_workers_change_nothing(fresh: Context, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    stage = stage_of("decoder")
    whole = contents(keep(stage, fresh))
    want = want_of(stage, fresh, tmp_path / "other", workers=2)

    def ask(done: int, _total: int) -> None:
        if done == SHEET + ROWS:  # after the sheets' part and at the end of the first one
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Halted) as caught:
        precompute(want, progress=ask)
    assert str(caught.value) == "Stopped by SIGTERM after 2 parts, which are kept; the same command goes on."
    assert caught.value.code == 143
    assert sorted(contents(want.folder)) == ["held-out.safetensors", part_name(0)]
    with pytest.raises(InputError, match="There are no finished features"):
        features(want.folder.parent, want.key)
    assert precompute(want).made == 1
    assert contents(want.folder) == whole


def test_processes_share_the_parts(fresh: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stage_of("prior")
    alone = contents(keep(stage, fresh))
    want = want_of(stage, fresh, tmp_path / "other")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    second = precompute(want)
    assert (second.made, second.finished) == (1, False)
    assert list(contents(want.folder)) == [part_name(0)]
    monkeypatch.setenv("RANK", "0")
    assert precompute(want).made == 1  # of the two that are missing now, the other process would make the second
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert precompute(want).finished
    assert contents(want.folder) == alone


def test_more_samples_are_added_to_those_that_are_there(fresh: Context) -> None:
    stage = stage_of("prior")
    folder = keep(stage, fresh)
    before = contents(folder)
    done = precompute(want_of(stage, fresh, parts=PARTS + 1))
    assert (done.made, done.kept) == (1, PARTS + 1)
    after = contents(folder)
    assert all(after[name] == data for name, data in before.items())
    assert features(folder.parent, want_of(stage, fresh).key).rows == (PARTS + 1) * ROWS


def changed_clip(context: Context) -> None:
    """Another CLIP in the place of the one that features were made with."""
    clip: Any = tiny_networks()["clip"]
    clip.log_scale.data += 1
    write_checkpoints(context.runs, {"clip": clip})


def test_features_of_another_clip_are_refused_and_made_anew(fresh: Context) -> None:
    stage = stage_of("decoder")
    folder = keep(stage, fresh)
    changed_clip(fresh)
    with pytest.raises(InputError) as caught:
        features(folder.parent, want_of(stage, fresh).key)
    assert "were made with another CLIP; run `sfumato-train precompute`" in str(caught.value)
    assert "precomputed=false" in str(caught.value)
    told: list[str] = []
    assert precompute(want_of(stage, fresh), tell=told.append).made == PARTS + 1
    assert told[0] == "The features that are there were made with another CLIP; they are made anew."
    assert features(folder.parent, want_of(stage, fresh).key).rows == PARTS * ROWS


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("decoder", {"seed": 3}, r"with another seed \(0 instead of 3\)"),
        ("decoder", {"masked": 0.25}, r"with another share of masks \(0.5 instead of 0.25\)"),
        ("decoder_pixel", {"masked": 0.5}, "with another space of the decoder"),
    ],
)
def test_what_differs_is_named(shared: Context, name: str, changes: dict[str, Any], said: str) -> None:
    folder = keep(stage_of("decoder"), shared)
    seed = changes.pop("seed", 0)
    other = with_training(stage_of(name, **changes), seed=seed)
    with pytest.raises(InputError, match=said):
        features(folder.parent, want_of(other, shared).key)


def test_a_prior_reads_what_was_made_for_a_decoder_and_not_the_other_way_round(fresh: Context) -> None:
    folder = keep(stage_of("decoder"), fresh)
    prior = want_of(stage_of("prior"), fresh)
    assert prior.folder == folder
    assert precompute(prior).made == 0
    assert features(folder.parent, prior.key).rows == PARTS * ROWS
    for path in folder.iterdir():
        path.unlink()
    keep(stage_of("prior"), fresh)
    with pytest.raises(InputError, match="were made without the points of the decoder's space"):
        features(folder.parent, want_of(stage_of("decoder"), fresh).key)


def test_other_streams_have_folders_of_their_own(shared: Context) -> None:
    default, language = (want_of(stage_of(name), shared) for name in ("prior", "ar_prior"))
    assert default.folder == language.folder
    stream = replace(stage_of("language").stream, scene_fraction=0.1)
    other = want_of(stage_of("language", stream=stream), shared)
    assert other.folder != default.folder
    with pytest.raises(InputError, match="There are no finished features of this stage's samples"):
        features(other.folder.parent, other.key)


def test_a_missing_part_and_a_damaged_index_are_told(fresh: Context) -> None:
    stage = stage_of("prior")
    folder = keep(stage, fresh)
    key = want_of(stage, fresh).key
    (folder / part_name(1)).unlink()
    with pytest.raises(InputError, match=r"part-00001.safetensors is missing; run `sfumato-train precompute`"):
        features(folder.parent, key)
    (folder / INDEX).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"features.json cannot be read"):
        features(folder.parent, key)


def test_a_damaged_part_is_refused_by_a_run(fresh: Context) -> None:
    stage = stage_of("prior")
    folder = keep(stage, fresh)
    path = folder / part_name(1)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"part-00001.safetensors is damaged"):
        features(folder.parent, want_of(stage, fresh).key)


def test_a_full_disk_is_told_before_anything_is_made(fresh: Context) -> None:
    class Full(Disk):
        def free(self, folder: Path) -> int:
            return 1000

    want = want_of(stage_of("decoder"), fresh)
    with pytest.raises(OutputError, match=r"cannot be kept .*disk has 0 MB left\); free some space"):
        precompute(want, disk=Full())
    assert list(want.folder.iterdir()) == []


def test_the_room_asked_for_is_about_the_room_taken(fresh: Context) -> None:
    want = want_of(stage_of("decoder"), fresh)
    precompute(want)
    taken = sum((want.folder / part_name(n)).stat().st_size for n in range(PARTS)) / PARTS
    assert Maker(want.stage, fresh).bytes_a_sample() * ROWS == pytest.approx(taken, rel=0.2)


def test_samples_that_cannot_be_made_are_replaced_as_in_training(
    fresh: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sample 70 is damaged: sample 70 + 2^40 takes its place, and is counted."""
    stage = stage_of("prior")
    real = Context.stream

    def stream(self: Context, *arguments: Any, **named: Any) -> Any:
        inner = real(self, *arguments, **named)

        def batch(first: int, count: int) -> Any:
            if first <= 70 < first + count:
                raise OSError("a damaged picture")
            return inner.batch(first, count)

        return SimpleNamespace(batch=batch)

    whole = load_file(keep(stage, fresh) / part_name(1))
    monkeypatch.setattr(Context, "stream", stream)
    want = want_of(stage, fresh, fresh.runs / "other")
    assert precompute(want).replaced == 1
    found = load_file(want.folder / part_name(1))
    same = (found["z_img"] - whole["z_img"]).abs().amax(dim=1) < 2e-3
    assert same.tolist() == [n != 6 for n in range(ROWS)]
