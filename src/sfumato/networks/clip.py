"""CLIP: a text tower and an image tower that meet in one embedding space (Radford et al. 2021)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import ResBlock, group_norm
from sfumato.networks.text import TextConfig, TextEncoder, masked_mean

MAX_SCALE = 100.0


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """Sizes of the image tower: residual blocks on the map of `patch`-sized places, halved between levels."""

    size: int = 64
    patch: int = 4
    widths: tuple[int, ...] = (96, 192, 384)
    blocks: tuple[int, ...] = (2, 3, 3)


@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """Both towers and the embedding they share."""

    text: TextConfig = field(default_factory=TextConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
    embedding: int = 384
    tuned_text_layers: int = 2


class ImageTower(nn.Module):
    """Premultiplied RGBA [B, 4, 64, 64] in [−1, 1] → z_img [B, E] of unit length."""

    def __init__(self, config: ImageConfig, embedding: int) -> None:
        super().__init__()
        self.unshuffle = nn.PixelUnshuffle(config.patch)
        width = 4 * config.patch**2
        levels: list[nn.Module] = []
        for level, (channels, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            stride = 1 if level == 0 else 2
            levels.append(nn.Conv2d(width, channels, 3, stride=stride, padding=1))
            levels.extend(ResBlock(channels, channels) for _ in range(count))
            width = channels
        self.body = nn.Sequential(*levels)
        self.norm = group_norm(width)
        self.pool = nn.Linear(width, 4)
        self.project = nn.Linear(4 * width, embedding)

    def features(self, picture_BCHW: Tensor) -> Tensor:
        """The last feature map, [B, C, H, W]."""
        out: Tensor = self.norm(self.body(self.unshuffle(picture_BCHW)))
        return out

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        return self.with_features(picture_BCHW)[0]

    def with_features(self, picture_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """z_img and, of the same pass, `features`."""
        features = self.features(picture_BCHW)
        tokens = F.silu(features).flatten(2).transpose(1, 2)
        weights = self.pool(tokens).softmax(dim=1)
        pooled = (weights.transpose(1, 2) @ tokens).flatten(1)
        return F.normalize(self.project(pooled).float(), dim=-1), features


class TextTower(nn.Module):
    """Tokens and mask → (z_txt [B, E] of unit length, txt_feats [B, L, D])."""

    def __init__(self, config: TextConfig, embedding: int) -> None:
        super().__init__()
        self.encoder = TextEncoder(config)
        self.project = nn.Linear(config.width, embedding)

    def forward(self, txt_tokens_BL: Tensor, txt_mask_BL: Tensor) -> tuple[Tensor, Tensor]:
        feats_BLD = self.encoder(txt_tokens_BL, txt_mask_BL)
        z_txt = F.normalize(self.project(masked_mean(feats_BLD, txt_mask_BL)).float(), dim=-1)
        return z_txt, feats_BLD


class Clip(nn.Module):
    """The two towers with the temperature of their similarity."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        self.text = TextTower(config.text, config.embedding)
        self.image = ImageTower(config.image, config.embedding)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.text.encoder.freeze_below(config.text.depth - config.tuned_text_layers)

    def forward(self, picture: Tensor, txt_tokens: Tensor, txt_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """→ z_img and z_txt, each [B, E] of unit length, and the scale of their similarity (100 at the most)."""
        scale = self.log_scale.exp().clamp(max=MAX_SCALE)
        return self.image(picture), self.text(txt_tokens, txt_mask)[0], scale
