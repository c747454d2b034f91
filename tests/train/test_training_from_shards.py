"""Stages learn from shards as from a built data set: opened by what lies there, and resumed bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sfumato.errors import InputError
from sfumato_train.config import AutoencoderStage, UpsamplerStage
from sfumato_train.context import Context
from sfumato_train.data.scale.stream import ShardStream
from sfumato_train.data.stream import StreamConfig, TrainingStream
from sfumato_train.recipes import recipe
from sfumato_train.runs import changed, prepare
from sfumato_train.tasks import task_of
from support.raw_shards import make_raw


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw")
    make_raw(root, 4, 20, spoilt=True)
    return root


def test_a_context_opens_what_it_is_given(raw: Path, tiny_store: Path, tmp_path: Path) -> None:
    def opened(data: Path) -> object:
        return Context(data=data, runs=tmp_path).stream(StreamConfig(), seed=0, batch=8)

    assert isinstance(opened(raw), ShardStream)
    assert isinstance(opened(Path(f"{raw}/{{00000..00001}}.tar")), ShardStream)
    assert isinstance(opened(tiny_store), TrainingStream)
    with pytest.raises(InputError, match="data build"):
        opened(tmp_path / "nothing")


def test_what_needs_a_built_data_set_says_so(raw: Path, tmp_path: Path) -> None:
    stage = recipe("tiny").stages["upsampler_1024"]
    assert isinstance(stage, UpsamplerStage)
    with pytest.raises(InputError, match=r"needs a data set made by `sfumato-train data build`.*holds shards"):
        task_of(replace(stage, large=True), Context(data=raw, runs=tmp_path))


def test_an_upsampler_learns_from_shards_of_its_own_size(raw: Path, tmp_path: Path) -> None:
    settings = ["large=false", "stream.size=256", "through_autoencoder=0", "stream.shards.fit=pad", "train.batch=4"]
    stage = changed("tiny", "upsampler_1024", settings)
    batch = task_of(stage, Context(data=raw, runs=tmp_path)).batch(0, 4)
    assert batch["high"].shape[0] == 4


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "stats.jsonl").read_text().splitlines()]


def test_training_resumes_bit_for_bit(raw: Path, tmp_path: Path) -> None:
    settings = ["train.batch=8", "train.steps=6", "train.save_every=3", "train.log_every=1", "train.sheet_every=100"]
    stage = changed("tiny", "autoencoder", [*settings, "train.bf16=false", "stream.shards.window=6", "train.keep=9"])
    assert isinstance(stage, AutoencoderStage)
    torch.set_num_threads(1)
    with prepare(stage, "autoencoder", data=raw, runs=tmp_path / "whole", resume=False) as trainer:
        trainer.run()
    short = replace(stage, train=replace(stage.train, steps=3))
    with prepare(short, "autoencoder", data=raw, runs=tmp_path / "parts", resume=False) as trainer:
        trainer.run()
    with prepare(stage, "autoencoder", data=raw, runs=tmp_path / "parts", resume=True) as trainer:
        trainer.run()
    whole, parts = (tmp_path / name / "autoencoder" for name in ("whole", "parts"))
    assert losses(whole) == losses(parts)
    last = sorted(whole.glob("*.safetensors"))[-1].name
    mine, other = load_file(whole / last), load_file(parts / last)
    assert all(torch.equal(mine[name], other[name]) for name in mine)
