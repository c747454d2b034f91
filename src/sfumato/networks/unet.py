"""The U-Net that the decoder, its rivals and the upsamplers share.

Residual blocks with time-dependent scale and shift (ADM), attention with appended context (GLIDE), and a space-to-depth
input (`patch`) that keeps the heavy work at low resolution (simple diffusion, Hoogeboom et al. 2023).
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import ContextAttention, ResBlock, group_norm, zeroed


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """Sizes of a U-Net; levels go from the finest map to the coarsest.

    `widths`: channels of a level; `blocks`: residual blocks of a level on each way; `attention`: whether it attends;
    `middle`: blocks between the two ways; `embedding`, `context`: widths of the embedding and of context tokens.
    """

    widths: tuple[int, ...] = (192, 320)
    blocks: tuple[int, ...] = (2, 2)
    attention: tuple[bool, ...] = (True, True)
    middle: int = 1
    embedding: int = 384
    context: int = 256


class Level(nn.Module):
    """One residual block, followed by attention where the level attends."""

    def __init__(self, config: UNetConfig, channels_in: int, channels: int, *, attend: bool) -> None:
        super().__init__()
        self.block = ResBlock(channels_in, channels, embedding=config.embedding)
        self.attention = ContextAttention(channels, context=config.context) if attend else None

    def forward(self, x: Tensor, emb: Tensor, context: Tensor | None, mask: Tensor | None) -> Tensor:
        x = self.block(x, emb)
        if self.attention is not None and context is not None and mask is not None:
            x = self.attention(x, context, mask)
        return x


class UNet(nn.Module):
    """Feature map [B, channels_in, H, W] → [B, channels_out, H, W], given an embedding and context tokens.

    One skip a level, not one a block: concatenation doubles a convolution's cost, which on few cores is samples unseen.
    """

    def __init__(self, config: UNetConfig, channels_in: int, channels_out: int) -> None:
        super().__init__()
        widths, self.levels = config.widths, len(config.widths)
        self.stem = nn.Conv2d(channels_in, widths[0], 3, padding=1)
        self.down = nn.ModuleList(self._level(config, level, widths[level]) for level in range(self.levels))
        self.middle = nn.ModuleList(
            Level(config, widths[-1], widths[-1], attend=config.attention[-1]) for _ in range(config.middle)
        )
        self.up = nn.ModuleList(self._level(config, level, 2 * widths[level]) for level in range(self.levels))
        pairs = list(itertools.pairwise(widths))
        self.shrink = nn.ModuleList(nn.Conv2d(fine, coarse, 3, stride=2, padding=1) for fine, coarse in pairs)
        self.grow = nn.ModuleList(nn.Conv2d(coarse, 4 * fine, 1) for fine, coarse in pairs)
        self.norm = group_norm(widths[0])
        self.head = zeroed(nn.Conv2d(widths[0], channels_out, 3, padding=1))

    @staticmethod
    def _level(config: UNetConfig, level: int, channels_in: int) -> nn.ModuleList:
        width, attend = config.widths[level], config.attention[level]
        inputs = [channels_in] + [width] * (config.blocks[level] - 1)
        return nn.ModuleList(Level(config, count, width, attend=attend) for count in inputs)

    def forward(
        self, x: Tensor, emb: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """`emb` [B, D]; `context` [B, L, context] with `mask` [B, L] (True: may be attended to)."""
        return self.with_middle(x, emb, context, mask)[0]

    def with_middle(
        self, x: Tensor, emb: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`forward` and the map between the two ways, [B, widths[-1], h, w]."""
        emb = F.silu(emb)
        x = self.stem(x)
        kept = []
        for level in range(self.levels):
            x = _run(self.down[level], x, emb, context, mask)
            kept.append(x)
            if level + 1 < self.levels:
                x = self.shrink[level](x)
        middle = x = _run(self.middle, x, emb, context, mask)
        for level in reversed(range(self.levels)):
            x = _run(self.up[level], torch.cat([x, kept[level]], dim=1), emb, context, mask)
            if level:
                x = F.pixel_shuffle(self.grow[level - 1](x), 2)
        out: Tensor = self.head(F.silu(self.norm(x)))
        return out, middle


def _run(blocks: nn.Module, x: Tensor, emb: Tensor, context: Tensor | None, mask: Tensor | None) -> Tensor:
    for block in blocks.children():
        x = block(x, emb, context, mask)
    return x
