"""Random numbers of training: sample j of a run has its own generator, so resuming and splitting change nothing."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sfumato_train.config import DecoderStage, TimesConfig

LOSS_STREAM = 0x5F5D


def generator(seed: int, j: int) -> np.random.Generator:
    """The generator of what the loss of sample `j` needs (times, noise, drops), apart from the picture's own."""
    key = np.array([seed ^ (LOSS_STREAM << 32), j], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def generators(seed: int, first: int, count: int) -> list[np.random.Generator]:
    """Generators of samples first .. first+count-1."""
    return [generator(seed, j) for j in range(first, first + count)]


def stacked(rngs: list[np.random.Generator], draw: Callable[[np.random.Generator], Any]) -> Tensor:
    """One draw a sample, stacked to float32 [B, …]."""
    return torch.from_numpy(np.stack([np.asarray(draw(rng), np.float32) for rng in rngs]))


def normal(rngs: list[np.random.Generator], shape: tuple[int, ...]) -> Tensor:
    """Standard normal [B, *shape]."""
    return stacked(rngs, lambda rng: rng.standard_normal(shape, dtype=np.float32))


def keep(rngs: list[np.random.Generator], drop: float) -> Tensor:
    """[B] of 1 (keep) and 0 (dropped with probability `drop`)."""
    return stacked(rngs, lambda rng: rng.random() >= drop)


def times(rngs: list[np.random.Generator], config: TimesConfig) -> Tensor:
    """Training times [B] in (0, 1]."""

    def draw(rng: np.random.Generator) -> float:
        n, noisy = rng.standard_normal(), rng.random() < config.at_noise
        if config.uniform:
            return 1.0 if noisy else 0.5 * math.erfc(-n / math.sqrt(2))  # the same number, evenly spread
        return 1.0 if noisy else 1.0 / (1.0 + np.exp(-(config.mean + config.spread * n)))

    return stacked(rngs, draw)


def mask(rng: np.random.Generator, size: int, share: float) -> NDArray[np.float32]:
    """[1, size, size], 1 = repaint: everything, or (with probability `share`) one to four boxes or discs."""
    if rng.random() >= share:
        return np.ones((1, size, size), np.float32)
    rows, columns = np.mgrid[:size, :size] + 0.5
    out = np.zeros((size, size), bool)
    for _ in range(rng.integers(1, 5)):
        x, y = rng.random(2) * size
        w, h = (0.08 + 0.32 * rng.random(2)) * size
        box = (abs(columns - x) < w) & (abs(rows - y) < h)
        disc = ((columns - x) / w) ** 2 + ((rows - y) / h) ** 2 < 1
        out |= box if rng.random() < 0.5 else disc
    if rng.random() < 0.25:
        out = ~out
    return out[None].astype(np.float32)


def decoder_noise(rngs: list[np.random.Generator], stage: DecoderStage) -> dict[str, Tensor]:
    """What a decoder's samples draw before their masks: `t`, `keep_z`, `keep_txt` [B] and `eps` [B, C, S, S]."""
    network = stage.network
    return {
        "t": times(rngs, stage.times),
        "eps": normal(rngs, (network.channels, network.size, network.size)),
        "keep_z": keep(rngs, stage.drop_z),
        "keep_txt": keep(rngs, stage.drop_txt),
    }
