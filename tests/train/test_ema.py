"""The average of weights against its closed form."""

from __future__ import annotations

import torch
from torch import nn

from sfumato_train.ema import Ema, Emas, set_name


def constant(value: float) -> nn.Linear:
    layer = nn.Linear(2, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def test_it_begins_at_the_network() -> None:
    layer = constant(3.0)
    ema = Ema(layer, 0.9)
    assert ema.state["weight"].tolist() == [[3.0, 3.0]]
    layer.weight.data.zero_()
    assert ema.state["weight"].tolist() == [[3.0, 3.0]]


def test_the_decay_grows_and_the_average_is_the_closed_form() -> None:
    layer = constant(0.0)
    ema = Ema(layer, 0.3)
    expected = 0.0
    for n in range(12):
        layer.weight.data.fill_(float(n * n))
        ema.update(layer)
        decay = min(0.3, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n * n
        torch.testing.assert_close(ema.state["weight"], torch.full((1, 2), expected))
    assert ema.updates == 12


def test_constant_weights_stay_as_they_are() -> None:
    layer = constant(0.7)
    ema = Ema(layer, 0.999)
    for _ in range(50):
        ema.update(layer)
    torch.testing.assert_close(ema.state["weight"], layer.weight.detach())


def test_running_statistics_are_averaged_and_counters_copied() -> None:
    norm = nn.BatchNorm2d(3, affine=False)
    ema = Ema(norm, 0.5)
    norm.train()(torch.randn(4, 3, 2, 2) + 5)
    ema.update(norm)  # the first update's decay is (1+0)/(10+0) = 0.1
    torch.testing.assert_close(ema.state["running_mean"], 0.9 * norm.running_mean)
    assert ema.state["num_batches_tracked"].item() == 1


def test_loading_keeps_each_tensors_memory_layout() -> None:
    layer = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
    ema = Ema(layer, 0.9)
    saved = {name: torch.randn_like(tensor).contiguous() for name, tensor in ema.state.items()}
    ema.load(saved)
    assert ema.state["weight"].stride() == layer.weight.stride()
    for name, tensor in saved.items():
        assert torch.equal(ema.state[name], tensor)
        assert ema.state[name].data_ptr() != tensor.data_ptr()


def test_several_lengths_are_kept_at_once_and_each_is_what_it_would_be_alone() -> None:
    layer = constant(0.0)
    kept, alone = Emas(layer, 0.9, (0.5, 0.99)), {decay: Ema(layer, decay) for decay in (0.5, 0.9, 0.99)}
    for n in range(300):
        layer.weight.data.fill_(float(n))
        kept.update(layer)
        for ema in alone.values():
            ema.update(layer)
    assert list(kept.kept) == ["ema", "ema@0.5", "ema@0.99"]
    assert kept.kept["ema"] is kept.main
    for name, decay in (("ema", 0.9), ("ema@0.5", 0.5), ("ema@0.99", 0.99)):
        assert torch.equal(kept.kept[name].state["weight"], alone[decay].state["weight"])
    short, main, long = (float(kept.kept[name].state["weight"][0, 0]) for name in ("ema@0.5", "ema", "ema@0.99"))
    assert long < main < short < 299


def test_the_one_that_ships_is_not_kept_twice() -> None:
    assert list(Emas(constant(0.0), 0.9, (0.9, 0.9)).kept) == ["ema"]


def test_averages_have_names_that_tell_their_decay() -> None:
    assert [set_name(decay) for decay in (0.5, 0.9995, 0.99995)] == ["ema@0.5", "ema@0.9995", "ema@0.99995"]
