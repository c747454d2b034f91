"""A small autoencoder of drawn art: RGBA 64×64 to a coarse grid of latents and back.

Latents are whitened channel by channel by a batch norm without scale, and training adds noise to them, so that each
channel has unit variance and carries no detail finer than the noise: a space that diffusion models well.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import ResBlock, group_norm


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """`channels`: latents per place; the grid is the picture over 8."""

    picture: int = 64
    channels: int = 32
    widths: tuple[int, int, int] = (48, 96, 192)
    encoder_blocks: tuple[int, int] = (2, 2)
    decoder_blocks: tuple[int, int, int] = (2, 2, 2)

    @property
    def size(self) -> int:
        """Side of the latent grid."""
        return self.picture // 8


class Autoencoder(nn.Module):
    """`encode`: picture [B, 4, P, P] → latents [B, C, P/8, P/8]; `decode`: the reverse."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(64, middle, 3, padding=1),
            *[ResBlock(middle, middle) for _ in range(config.encoder_blocks[0])],
            nn.Conv2d(middle, coarse, 3, stride=2, padding=1),
            *[ResBlock(coarse, coarse) for _ in range(config.encoder_blocks[1])],
            group_norm(coarse),
            nn.Conv2d(coarse, config.channels, 1),
        )
        self.encoder_frozen = False
        self.whiten = nn.BatchNorm2d(config.channels, affine=False, momentum=0.01)
        on_coarse, on_middle, on_fine = config.decoder_blocks
        self.decoder = nn.Sequential(
            nn.Conv2d(config.channels, coarse, 3, padding=1),
            *[ResBlock(coarse, coarse) for _ in range(on_coarse)],
            nn.Conv2d(coarse, 4 * middle, 1),
            nn.PixelShuffle(2),
            *[ResBlock(middle, middle) for _ in range(on_middle)],
            nn.Conv2d(middle, 4 * fine, 1),
            nn.PixelShuffle(2),
            *[ResBlock(fine, fine) for _ in range(on_fine)],
            group_norm(fine),
            nn.SiLU(),
            nn.Conv2d(fine, 16, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def freeze_encoder(self) -> None:
        """Keep the space as it is, so that a decoder trained in it stays valid while pictures become cleaner."""
        self.encoder_frozen = True
        self.encoder.requires_grad_(False)
        self.whiten.eval()

    def train(self, mode: bool = True) -> Self:
        """As in every module, but a frozen encoder's statistics never move."""
        super().train(mode)
        if self.encoder_frozen:
            self.whiten.eval()
        return self

    def encode(self, picture_BCHW: Tensor) -> Tensor:
        """→ latents of zero mean and unit variance per channel over the training pictures."""
        latents: Tensor = self.whiten(self.encoder(picture_BCHW).float())
        return latents

    def decode(self, latents_BCHW: Tensor) -> Tensor:
        """→ premultiplied RGBA; close to [−1, 1] but not clipped."""
        picture: Tensor = self.decoder(latents_BCHW)
        return picture

    def forward(self, picture_BCHW: Tensor, noise_BCHW: Tensor | None = None) -> Tensor:
        """Reconstruction, through noisy latents where noise is given."""
        latents = self.encode(picture_BCHW)
        return self.decode(latents if noise_BCHW is None else latents + noise_BCHW)


def edge_aware_loss(made_BCHW: Tensor, wanted_BCHW: Tensor, *, edges: float = 1.0) -> Tensor:
    """Mean absolute error of a picture and of its differences between neighbours: flat art shows every ringing edge."""
    error = (made_BCHW - wanted_BCHW).float()
    loss = error.abs().mean()
    for axis in (2, 3):
        loss = loss + edges * torch.diff(error, dim=axis).abs().mean()
    return loss + F.mse_loss(made_BCHW.float(), wanted_BCHW.float())
