"""What a step of tuning learns from: samples by number, shares, conditions, and a loss that vanishes for the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.errors import BundleError
from sfumato_train.config import TrainConfig, TuneStage
from sfumato_train.tune import prepared as files
from sfumato_train.tune.pictures import Example
from sfumato_train.tune.prepare import captions_of, held_out, sayings, style_words
from sfumato_train.tune.prepared import Prepared
from sfumato_train.tune.settings import PrepareSettings
from sfumato_train.tune.task import TuneTask
from support.tunable_bundle import SMALL, small_decoder

L, D, E = 6, SMALL.text_width, SMALL.embedding
POINT = (SMALL.channels, SMALL.size, SMALL.size)


def prepared(*, unseen: int = 0) -> Prepared:
    """Four pictures of two views; picture i's points are all i, its embeddings 10 + i, its caption's features 100 + k.

    Imagined embeddings are 50 + their caption; drawings of the old model have points of 7 and embeddings of 77.
    """
    P, K = 4, 8
    lengths = [3 + k % 3 for k in range(K)]
    held = torch.zeros(P, dtype=torch.uint8)
    held[:unseen] = 1
    of = torch.arange(P).repeat_interleave(2)
    mask = torch.ones(P, 1, 64, 64, dtype=torch.uint8)
    mask[:, :, :32] = 0
    return Prepared(
        x_0=of[:, None, None, None].float().expand(-1, *POINT).contiguous(),
        z_img=(10.0 + of)[:, None].expand(-1, E).contiguous(),
        view_of=of,
        known=torch.full((P, *POINT), 3.0),
        mask=mask,
        masked_view=torch.arange(0, 2 * P, 2),
        feats=torch.cat([torch.full((n, D), 100.0 + k) for k, n in enumerate(lengths)]).half(),
        first=torch.tensor(np.cumsum([0, *lengths])),
        caption_of=of.clone(),
        styled=torch.tensor([1, 0] * P, dtype=torch.uint8),
        imagined=torch.tensor([50.0, 52.0])[:, None].expand(-1, E).contiguous(),
        imagined_for=torch.tensor([0, 2]),
        old_x_0=torch.full((1, *POINT), 7.0),
        old_z=torch.full((1, E), 77.0),
        old_caption=torch.tensor([7]),
        held_out=held,
    )


def task(*, unseen: int = 0, **settings: Any) -> TuneTask:
    stage = TuneStage(network=SMALL, train=TrainConfig(batch=4), rank=4, **settings)
    return TuneTask(stage, small_decoder(), prepared(unseen=unseen), max_tokens=L, to_pictures=lambda x: x)


def test_samples_are_functions_of_their_numbers() -> None:
    one = task()
    whole, tail = one.batch(0, 8), task().batch(5, 3)
    for name, value in whole.items():
        torch.testing.assert_close(tail[name], value[5:], rtol=0, atol=0)


def test_conditions_belong_together() -> None:
    batch = task(preserved=0.3, masked=0.5, imagined=0.5).batch(0, 400)
    for row in range(400):
        point, z = batch["x_0"][row].mean().item(), batch["z_img"][row, 0].item()
        k = int(batch["txt_feats"][row, 0, 0].item()) - 100
        assert batch["txt_mask"][row].sum() == 3 + k % 3
        masked = bool(batch["mask"][row].min() < 0.5)
        assert batch["known"][row].mean().item() == (3.0 if masked else 0.0)
        if point == 7:
            assert (k, z, masked) == (7, 77.0, False)
        else:
            assert k // 2 == point
            assert z in (10 + point, 50 + k)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_shares_are_kept(share: float) -> None:
    n, slack = 1500, 0.05
    settings = {"preserved": share, "masked": 0.0, "styled": 1.0, "drop_z": share, "drop_txt": 0.5}
    batch = task(**settings).batch(0, n)
    old = (batch["x_0"][:, 0, 0, 0] == 7).float().mean().item()
    assert abs(old - share) < slack
    assert abs(1 - batch["keep_z"].mean().item() - share) < slack
    assert abs(batch["keep_txt"].mean().item() - 0.5) < slack
    styled = task(preserved=0.0, styled=share).batch(0, n)["txt_feats"][:, 0, 0] % 2 == 0
    assert abs(styled.float().mean().item() - share) < slack
    hidden = task(preserved=0.0, masked=share).batch(0, n)["mask"].amin(dim=(1, 2, 3)) < 0.5
    assert abs(hidden.float().mean().item() - share) < slack


def test_held_out_pictures_are_never_learnt_but_measured() -> None:
    one = task(unseen=2)
    points = one.batch(0, 300)["x_0"][:, 0, 0, 0]
    assert set(points.tolist()) == {2.0, 3.0, 7.0}
    loss = one.measure(one.network.eval())
    assert loss is not None
    assert loss == one.measure(one.network.eval()), "always the same noise"
    assert task().measure(one.network) is None


class Truth(nn.Module):
    """Knows that every picture is a single number, that of its embedding less ten."""

    def forward(self, x_t: torch.Tensor, t: torch.Tensor, z_img: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return (z_img[:, 0] - 10)[:, None, None, None].expand_as(x_t)


def test_the_loss_of_the_truth_is_zero_and_that_of_another_is_not() -> None:
    one = task(preserved=0.0, imagined=0.0)
    batch = one.batch(0, 16)
    assert one.loss(Truth(), batch)["loss"].item() < 1e-8
    assert one.loss(Truth(), batch | {"z_img": batch["z_img"] + 1})["loss"].item() > 0.1


@pytest.mark.parametrize("method", ["lora", "full"])
def test_what_is_trained(method: str) -> None:
    one = task(method=method)
    frozen = [name for name, p in one.network.named_parameters() if not p.requires_grad]
    assert bool(frozen) == (method == "lora")
    before = {name: value.clone() for name, value in one.network.state_dict().items()}
    optim = torch.optim.SGD([p for p in one.network.parameters() if p.requires_grad], lr=0.1)
    one.loss(one.network, one.batch(0, 4))["loss"].backward()  # type: ignore[no-untyped-call]
    optim.step()
    changed = {name for name, value in one.network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert changed.isdisjoint(frozen)


def test_a_sheet_has_three_rows_of_pictures() -> None:
    one = task()
    one.to_pictures = lambda x: torch.zeros(len(x), 4, 64, 64)
    sheet = one.sheet(one.network.eval())
    assert sheet.shape[0] > 3 * 60
    assert sheet.shape[1] > 4 * 60


def test_prepared_files_are_read_back_for_the_same_key_only(tmp_path: Path) -> None:
    made = prepared(unseen=1)
    key = files.key_of(["a", 1], PrepareSettings())
    assert files.load(tmp_path, key) is None
    files.save(made, tmp_path, key)
    again = files.load(tmp_path, key)
    assert again is not None
    for name in ("x_0", "feats", "held_out", "mask"):
        assert torch.equal(getattr(again, name), getattr(made, name))
    assert files.load(tmp_path, files.key_of(["a", 2], PrepareSettings())) is None
    assert [path.name for path in tmp_path.iterdir()] == [files.NAME]
    (tmp_path / files.NAME).write_bytes(b"torn")
    with pytest.raises(BundleError):
        files.load(tmp_path, key)


def test_text_is_filled_up_to_the_model_s_length() -> None:
    feats, mask = prepared().text([1, 2], L)
    assert feats.shape == (2, L, D)
    assert mask.tolist() == [[1] * 4 + [0] * 2, [1] * 5 + [0]]
    assert (feats[0, :4] == 101).all()
    assert (feats[0, 4:] == 0).all()


def test_captions_come_from_the_user_the_model_or_the_name() -> None:
    own = Example(path=Path("red_apple.png"), sha256="", captions=("a cat.", "a pet"))
    named = replace(own, captions=())
    blank = Example(path=Path("IMG_001.png"), sha256="", captions=())
    assert captions_of(own, "unused") == ("a cat.", "a pet")
    assert captions_of(named, "a fruit") == ("red apple", "a fruit")
    assert captions_of(blank, "") == ("a picture",)
    said = sayings([own, blank], ["", "a hat"], style_words("my-own_style2"))
    assert [one.text for one in said] == [
        "a cat, my own style2 style", "a cat", "a pet, my own style2 style", "a pet",
        "a hat, my own style2 style", "a hat",
    ]  # fmt: skip
    assert [one.picture for one in said] == [0, 0, 0, 0, 1, 1]
    assert [one.styled for one in said] == [True, False] * 3


@pytest.mark.parametrize(("count", "expected"), [(10, 0), (39, 0), (40, 4), (150, 15), (10_000, 48)])
def test_a_tenth_of_many_pictures_is_held_out(count: int, expected: int) -> None:
    chosen = held_out(count, PrepareSettings())
    assert chosen.shape == (count,)
    assert int(chosen.sum()) == expected
    assert (chosen == held_out(count, PrepareSettings())).all()
