"""A task whose samples tell their numbers, with everything in its network that a resume could get wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sfumato_train.config import AutoencoderStage
from sfumato_train.noise import generators, normal
from support.toy import toy_stage, weights_in

WIDTH = 18


class Block(nn.Module):
    """Residual; drops out, so it draws from PyTorch's own generator."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.inner = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.drop(torch.tanh(self.inner(self.norm(x))))
        return out


class Network(nn.Module):
    """Stem, running statistics, two blocks, a head, and a lone number."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.stem = nn.Linear(5, WIDTH)
        self.statistics = nn.BatchNorm1d(5, affine=False)
        self.blocks = nn.ModuleList(Block(drop) for _ in range(2))
        self.head = nn.Linear(WIDTH, 3)
        self.log_scale = nn.Parameter(torch.tensor(0.1))

    def forward(self, x: Tensor) -> Tensor:
        self.statistics(x.detach())
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.head(x) * self.log_scale.exp()
        return out


@dataclass
class NumberedTask:
    """`order`: file to which the numbers of the samples of every loss are added; `before_loss` is called with the
    number of losses so far."""

    order: Path | None = None
    drop: float = 0.0
    before_loss: Callable[[int], None] = lambda _count: None
    losses: int = 0
    network: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(3)
        self.network = Network(self.drop)
        self.truth = torch.randn(5, 3, generator=torch.Generator().manual_seed(7))

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        x = normal(generators(0, first, count), (5,))
        return {"x": x, "y": torch.sin(x @ self.truth), "number": torch.arange(first, first + count)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        self.before_loss(self.losses)
        self.losses += 1
        if self.order is not None:
            with self.order.open("a") as file:
                file.write(json.dumps(batch["number"].tolist()) + "\n")
        return {"loss": (network(batch["x"]) - batch["y"]).square().mean()}

    def sheet(self, network: nn.Module) -> np.ndarray:
        made = network(torch.ones(2, 5)).detach().float()
        return np.full((4, 6, 3), int(made.abs().sum() * 10) % 256, np.uint8)


def numbered_stage(**changes: object) -> AutoencoderStage:
    """A stage for it: two averages, saved every three steps."""
    return toy_stage(**({"steps": 12, "save_every": 3, "log_every": 1, "emas": (0.5,), "bf16": False} | changes))


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of weights, averages, optimiser and random states of the newest checkpoint, each by itself."""
    tensors = weights_in(folder)
    prints = {prefix: hashlib.sha256() for prefix in sorted({name.partition("/")[0] for name in tensors})}
    for name in sorted(tensors):
        digest = prints[name.partition("/")[0]]
        digest.update(name.encode() + tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return {prefix: digest.hexdigest() for prefix, digest in prints.items()}


def order_in(file: Path) -> list[list[int]]:
    """Numbers of the samples of every loss, as they were written."""
    return [json.loads(line) for line in file.read_text().splitlines()]
