"""Upsamplers: a low-resolution picture becomes one four times as large (cascades: Ho et al. 2022; unCLIP, appendix C).

Unconditional but for the low-resolution picture and, where a picture is edited, its high-resolution part outside the
mask (GLIDE, Nichol et al. 2022, section 2.4). Space-to-depth by 4 puts the noisy picture on the low-resolution grid,
so no feature map is larger than that grid: 256² at the most for a 1024² picture.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import TimeEmbedding, bilinear_upsample
from sfumato.networks.unet import UNet, UNetConfig

FACTOR = 4


def _default_unet() -> UNetConfig:
    return UNetConfig(
        widths=(64, 128, 192), blocks=(1, 1, 1), attention=(False, False, False), middle=1, embedding=128
    )


@dataclass(frozen=True, kw_only=True)
class UpsamplerConfig:
    """`low_size`: side of the low-resolution picture in use (64 or 256); training uses crops of it.

    `inpaints`: whether the known part of an edited picture is an input.
    """

    low_size: int = 64
    inpaints: bool = False
    unet: UNetConfig = field(default_factory=_default_unet)


class Upsampler(nn.Module):
    """x_t [B, 4, 4H, 4W], t [B], low_res [B, 4, H, W] → x_0 [B, 4, 4H, 4W].

    One that inpaints takes known [B, 4, 4H, 4W] (0 where it is repainted) and mask [B, 1, 4H, 4W] (1 = repaint) too.
    """

    def __init__(self, config: UpsamplerConfig) -> None:
        super().__init__()
        self.config = config
        inner = 4 * FACTOR**2
        self.time = TimeEmbedding(config.unet.embedding)
        self.unet = UNet(config.unet, inner + 4 + (inner + FACTOR**2) * config.inpaints, inner)

    def forward(
        self, x_t: Tensor, t: Tensor, low_res: Tensor, known: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        maps = [F.pixel_unshuffle(x_t, FACTOR), low_res]
        if known is not None and mask is not None:
            maps += [F.pixel_unshuffle(known, FACTOR), F.pixel_unshuffle(mask, FACTOR)]
        x = torch.cat(maps, dim=1)
        # The network adds what smooth enlargement misses.
        detail = F.pixel_shuffle(self.unet(x, self.time(t)), FACTOR)
        return bilinear_upsample(low_res, FACTOR) + detail
