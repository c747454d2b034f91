"""Embeddings of prepared shards: used where they are this CLIP's, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from sfumato.errors import InputError
from sfumato_train.context import Context
from sfumato_train.data.scale.prepare import prepare
from sfumato_train.data.scale.rules import Rules
from sfumato_train.export import ExportOptions, export
from sfumato_train.features import maker
from sfumato_train.features.embeddings import ALIKE, alike, beside
from sfumato_train.features.make import precompute
from sfumato_train.features.maker import FOUND, OTHERS, Maker
from sfumato_train.features.store import features
from sfumato_train.recipes.tiny import tiny
from sfumato_train.tasks import task_of
from support.kept_features import PARTS, ROWS, stage_of, want_of, with_training
from support.networks import tiny_networks, write_checkpoints
from support.raw_shards import make_raw


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clean shards with embeddings by a bundle's CLIP, in eight bits: that of `tiny_networks`."""
    folder = tmp_path_factory.mktemp("prepared")
    make_raw(folder / "raw", 3, 24, spoilt=True)
    bundle = folder / "bundle"
    export(tiny(), write_checkpoints(folder / "all", tiny_networks()), bundle, options=ExportOptions())
    prepare(folder / "raw", folder / "clean", Rules(model=str(bundle), min_side=8, near_blocks=None), workers=1)
    return folder / "clean"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    networks = tiny_networks()
    return write_checkpoints(tmp_path / "runs", {name: networks[name] for name in ("clip", "autoencoder")})


def towers_asked(made: Maker, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures the image tower is shown from now on."""
    asked: list[int] = []
    real = made.inputs.z_img

    def noting(batch: dict[str, torch.Tensor], keep: Any = None) -> torch.Tensor:
        asked.append(len(batch["picture"]))
        answer: torch.Tensor = real(batch, keep)
        return answer

    monkeypatch.setattr(made.inputs, "z_img", noting)
    return asked


def test_every_prepared_sample_is_found_by_its_name(prepared: Path, runs: Path) -> None:
    context = Context(data=prepared, runs=runs)
    made = Maker(stage_of("prior"), context)
    found = beside(context.shards)
    assert found is not None
    batch = made.batch(0, 40)
    z_img = found.of(batch["records"])
    assert z_img is not None
    computed = made.inputs.z_img(batch)
    assert float(torch.cosine_similarity(z_img, computed).min()) > ALIKE
    others = float(torch.cosine_similarity(z_img, computed.roll(1, dims=0)).mean())
    assert others < float(torch.cosine_similarity(z_img, computed).mean())
    assert found.of(torch.tensor([1, 2])) is None


def test_the_tower_is_asked_once_and_then_no_more(
    prepared: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Maker(stage_of("prior"), Context(data=prepared, runs=runs))
    asked = towers_asked(made, monkeypatch)
    told = [made.answers(made.batch(first, 16))["z_img"] for first in (0, 16, 32)]
    assert asked == [16]
    assert made.embeddings == FOUND
    expected = made.inputs.z_img(made.batch(32, 16))
    assert float(torch.cosine_similarity(told[2], expected).min()) > ALIKE


def test_those_of_another_clip_are_left(prepared: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks: Any = tiny_networks()
    torch.manual_seed(8)
    torch.nn.init.normal_(networks["clip"].image.project.weight)
    write_checkpoints(runs, {"clip": networks["clip"]})
    context = Context(data=prepared, runs=runs)
    made = Maker(stage_of("prior"), context)
    asked = towers_asked(made, monkeypatch)
    for first in (0, 16):
        made.answers(made.batch(first, 16))
    assert asked == [16, 16]
    assert made.embeddings == OTHERS
    told: list[str] = []
    assert precompute(want_of(stage_of("prior"), context, parts=1), tell=told.append).finished
    assert told[-1] == "The embeddings beside the shards are of another CLIP and were not used."


def test_shards_without_embeddings_are_computed(tmp_path: Path, runs: Path) -> None:
    make_raw(tmp_path / "plain", 2, 20)
    context = Context(data=tmp_path / "plain", runs=runs)
    assert beside(context.shards) is None
    want = want_of(stage_of("decoder"), context, parts=1)
    assert precompute(want).finished
    assert features(want.folder.parent, want.key).rows == ROWS


def test_a_prior_learns_from_prepared_shards_and_their_embeddings(prepared: Path, runs: Path) -> None:
    """Whatever its batch is: the order of the samples is that of the features."""
    context = Context(data=prepared, runs=runs)
    assert precompute(want_of(stage_of("prior"), context)).finished
    small, large = (task_of(with_training(stage_of("prior"), batch=batch), context) for batch in (4, 32))
    pieces = torch.cat([small.batch(first, 4)["z_img"] for first in range(0, 32, 4)])
    assert torch.equal(pieces, large.batch(0, 32)["z_img"])
    values = large.loss(large.network, large.batch(0, 32))
    assert torch.isfinite(values["loss"].detach())
    assert PARTS * ROWS == 128


def test_other_shards_are_other_data(prepared: Path, runs: Path, tmp_path: Path) -> None:
    context = Context(data=prepared, runs=runs)
    want = want_of(stage_of("prior"), context, parts=1)
    precompute(want)
    make_raw(tmp_path / "others", 2, 20)
    other = want_of(stage_of("prior"), Context(data=tmp_path / "others", runs=runs))
    assert other.folder == want.folder
    with pytest.raises(InputError, match="were made with other data; run `sfumato-train precompute`"):
        features(other.folder.parent, other.key)


def test_alike_is_nearly_parallel() -> None:
    z = torch.nn.functional.normalize(torch.randn(8, 20, generator=torch.Generator().manual_seed(0)))
    assert alike(z.half().float(), z)
    assert not alike(z.roll(1, dims=0), z)
    assert not alike(z[:, :10], z)
    moved = z.clone()
    moved[3] += 0.5  # one of them is enough
    assert not alike(moved, z)
    assert maker.FOUND != maker.OTHERS
