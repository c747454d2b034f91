"""The average of weights against its closed form."""

from __future__ import annotations

import torch
from torch import nn

from sfumato_train.ema import Ema


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
