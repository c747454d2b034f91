"""The smallest task the trainer can run: a linear map with noise, and a stage to train it by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.networks.autoencoder import AutoencoderConfig
from sfumato_train.config import AutoencoderStage, OptimConfig, TrainConfig
from sfumato_train.noise import generators, normal


class ToyTask:
    """Learns a fixed convolution of pictures [B, 3, 5, 5]; has running statistics to be spoilt.

    `bad`: numbers of the samples whose picture is not a number.
    """

    def __init__(self, *, seed: int = 0, bad: range = range(0)) -> None:
        torch.manual_seed(seed)
        self.seed, self.bad = seed, bad
        self.asked: list[tuple[int, int]] = []
        statistics = nn.BatchNorm2d(2, affine=False, momentum=0.1)
        self.network: nn.Module = nn.Sequential(nn.Conv2d(3, 2, 5))
        self.network.add_module("statistics", Watched(statistics))
        generator = torch.Generator().manual_seed(7)
        self.truth = torch.randn(2, 3, 5, 5, generator=generator)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        self.asked.append((first, count))
        x = normal(generators(self.seed, first, count), (3, 5, 5))
        y = torch.nn.functional.conv2d(x, self.truth) / 8
        for j in range(first, first + count):
            if j in self.bad:
                x[j - first] = float("nan")
        return {"x": x, "y": y}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": (network(batch["x"]) - batch["y"]).square().mean(), "one": torch.ones(())}

    def sheet(self, network: nn.Module) -> np.ndarray:
        assert not network.training
        made = network(torch.ones(1, 3, 5, 5)).detach().float()
        return np.full((4, 6, 3), int(made.abs().sum()) % 256, np.uint8)


class Watched(nn.Module):
    """Passes on what it is given, keeping statistics of it while training."""

    def __init__(self, statistics: nn.BatchNorm2d) -> None:
        super().__init__()
        self.statistics = statistics

    def forward(self, x: Tensor) -> Tensor:
        self.statistics(x.detach())
        return x


def toy_stage(**changes: object) -> AutoencoderStage:
    """A stage that configures the loop; its network is not the toy's."""
    settings: dict[str, object] = {
        "batch": 8,
        "steps": 20,
        "bf16": False,
        "ema": 0.9,
        "log_every": 5,
        "save_every": 1000,
        "sheet_every": 1000,
        "optim": OptimConfig(learning_rate=2e-2, warmup=2),
    }
    train = TrainConfig(**(settings | changes))  # type: ignore[arg-type]
    return AutoencoderStage(network=AutoencoderConfig(channels=4, widths=(8, 8, 8)), train=train)


def weights_in(folder: Path) -> dict[str, Tensor]:
    """All tensors of the newest checkpoint in a folder."""
    from sfumato.networks.weights import read_tensors  # noqa: PLC0415
    from sfumato_train.checkpoint import newest  # noqa: PLC0415

    path = newest(folder)
    assert path is not None
    return read_tensors(path, "")[0]
