"""Features with the image tower's maps: made when they are asked for, read by those that ask, no burden to others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from sfumato.errors import InputError
from sfumato_train.context import Context
from sfumato_train.features import maker as making
from sfumato_train.features.make import precompute
from sfumato_train.features.maker import Maker
from sfumato_train.features.store import features, part_name
from sfumato_train.tasks import task_of
from sfumato_train.tasks.decoder import DecoderTask
from support.kept_features import PARTS, ROWS, keep, stage_of, want_of
from support.networks import CLIP, filled
from support.stages import aligned

WIDTH, PLACES = CLIP.image.widths[-1], 16


def reading(**changes: Any) -> Any:
    return replace(aligned(stage_of("decoder")), **changes)


@pytest.fixture(scope="module")
def kept(shared: Context) -> Context:
    """Features of a decoder that is aligned."""
    keep(reading(), shared)
    return shared


@pytest.mark.parametrize("first", [0, ROWS - 4])
def test_the_loss_is_the_one_that_is_computed_on_the_fly(kept: Context, first: int) -> None:
    computed, read = (task_of(reading(precomputed=on), kept) for on in (False, True))
    filled(read.network)
    computed.network.load_state_dict(read.network.state_dict())
    with torch.no_grad():
        wanted, found = (task.loss(task.network, task.batch(first, 16)) for task in (computed, read))
    assert set(found) == set(wanted) == {"loss", "x_0_mse", "alignment"}
    for name, value in wanted.items():
        assert float(found[name]) == pytest.approx(float(value), rel=2e-3, abs=1e-4), name


def test_maps_are_the_towers_in_half_precision(kept: Context) -> None:
    read, computed = task_of(reading(), kept), task_of(reading(precomputed=False), kept)
    assert isinstance(read, DecoderTask)
    assert isinstance(computed, DecoderTask)
    batch = read.batch(0, 8)
    assert batch["maps"].dtype == torch.half
    _, found = read.inputs.seen(batch, batch["keep_z"])
    with torch.no_grad():
        wanted = computed.clip.image.features(computed.batch(0, 8)["picture"])
    assert found.shape == (8, WIDTH, 4, 4)
    torch.testing.assert_close(found, wanted, atol=2e-3, rtol=2e-3)
    assert read.inputs.map_channels == computed.inputs.map_channels == WIDTH


@pytest.mark.parametrize("name", ["decoder", "prior", "ar_prior", "language"])
def test_stages_that_do_not_ask_for_maps_read_the_same_features_without_them(kept: Context, name: str) -> None:
    want = want_of(stage_of(name), kept)
    assert precompute(want).made == 0
    found = features(want.folder.parent, want.key)
    assert found.rows == PARTS * ROWS
    assert "maps" not in found.batch([0, 70])
    assert "maps" not in found.sheet(4)


def test_features_without_maps_are_refused_and_made_anew_but_for_the_sheets(fresh: Context) -> None:
    folder = keep(stage_of("decoder"), fresh)
    plain = {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}
    with pytest.raises(InputError) as caught:
        task_of(reading(), fresh)
    assert "were made without the image tower's maps; run `sfumato-train precompute`" in str(caught.value)
    told: list[str] = []
    assert precompute(want_of(reading(), fresh), tell=told.append).made == PARTS
    assert told[0] == "The features that are there were made without the image tower's maps; they are made anew."
    assert (folder / "held-out.safetensors").read_bytes() == plain["held-out.safetensors"]
    assert (folder / part_name(0)).read_bytes() != plain[part_name(0)]


def test_the_room_asked_for_counts_the_maps(kept: Context) -> None:
    with_maps, without = (Maker(stage, kept).bytes_a_sample() for stage in (reading(), stage_of("decoder")))
    assert with_maps - without == 2 * WIDTH * PLACES


def test_a_width_that_is_not_the_maps_is_told(kept: Context) -> None:
    stage = reading()
    with pytest.raises(InputError, match=f"network.align={WIDTH}, or alignment=0"):
        task_of(replace(stage, network=replace(stage.network, align=WIDTH + 1)), kept)


def test_embeddings_beside_shards_are_not_looked_for_where_the_tower_runs_anyway(
    kept: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Context, "shards", ["a shard"])
    for stream in ("stream", "held_out"):
        monkeypatch.setattr(Context, stream, lambda *_args, **_named: None)
    monkeypatch.setattr(making, "beside", asked.append)
    context = Context(data=kept.data, runs=kept.runs)
    Maker(reading(precomputed=False), context)
    assert asked == []
    Maker(replace(stage_of("decoder"), precomputed=False), context)
    assert asked == [["a shard"]]
