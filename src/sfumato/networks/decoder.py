"""The decoder: z_img and the caption's features become a 64×64 picture (unCLIP, Ramesh et al. 2022, section 2.1).

z_img is added to the time embedding and projected to four extra context tokens; the text encoder's features are context
tokens too. Each can be dropped (`keep_z`, `keep_txt`), which gives guidance and, without z_img, GLIDE. A masked picture
and its mask are inputs from the start, so the same network edits. The space it works in (pixels, or the latents of an
autoencoder) is the caller's: this network sees C channels on an S×S grid and predicts x_0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import TimeEmbedding
from sfumato.networks.text import masked_mean
from sfumato.networks.unet import UNet, UNetConfig

IMAGE_TOKENS = 4
MASK_SIZE = 64
ALIGN_WIDTH = 512


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """`channels`, `size`: the space; `patch`: space-to-depth before the U-Net (4 for pixels, 1 for latents).

    `align`: channels of the frozen map that the middle of the U-Net learns to point at; 0: none.
    """

    channels: int = 32
    size: int = 8
    patch: int = 1
    embedding: int = 384
    text_width: int = 384
    unet: UNetConfig = field(default_factory=UNetConfig)
    align: int = 0


class Decoder(nn.Module):
    """See the module's text; `forward` gives the estimate of x_0.

    `align` is a perceptron at every place of the middle map (REPA, Yu et al. 2024, arXiv 2410.06940, section 3.2) that
    only training uses. `training_only`: such parts by the beginning of their parameters' names.
    """

    training_only: ClassVar[Mapping[str, str]] = {"align.": "The perceptron of the alignment"}

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        inner = config.channels * config.patch**2
        grid = config.size // config.patch
        self.mask_factor = MASK_SIZE // grid
        width, context = config.unet.embedding, config.unet.context
        self.time = TimeEmbedding(width)
        self.z_to_embedding = nn.Linear(config.embedding, width)
        self.z_to_tokens = nn.Linear(config.embedding, IMAGE_TOKENS * context)
        self.txt_to_embedding = nn.Linear(config.text_width, width)
        self.txt_to_tokens = nn.Linear(config.text_width, context)
        self.null_z = nn.Parameter(torch.zeros(config.embedding))
        self.null_txt = nn.Parameter(torch.zeros(config.text_width))
        self.unet = UNet(config.unet, 2 * inner + self.mask_factor**2, inner)
        self.align = perceptron(config.unet.widths[-1], config.align) if config.align else None

    def conditioning(
        self, z_img: Tensor, keep_z: Tensor, txt_feats: Tensor, txt_mask: Tensor, keep_txt: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """→ embedding [B, D], context tokens [B, 4 + L, context] and their mask; nulls stand for dropped parts."""
        scale = self.config.embedding**0.5
        keep_B1 = keep_z[:, None]
        z = keep_B1 * z_img * scale + (1 - keep_B1) * self.null_z
        keep_B11 = keep_txt[:, None, None]
        txt = keep_B11 * txt_feats + (1 - keep_B11) * self.null_txt
        # A dropped caption leaves one null token, whatever its length was.
        first = F.pad(torch.ones_like(txt_mask[:, :1]), (0, txt_mask.shape[1] - 1)).to(keep_txt.dtype)
        mask = keep_txt[:, None] * txt_mask.to(keep_txt.dtype) + (1 - keep_txt[:, None]) * first
        emb = self.z_to_embedding(z) + self.txt_to_embedding(masked_mean(txt, mask))
        image_tokens = self.z_to_tokens(z).reshape(z.shape[0], IMAGE_TOKENS, -1)
        context = torch.cat([image_tokens, self.txt_to_tokens(txt)], dim=1)
        return emb, context, F.pad(mask, (IMAGE_TOKENS, 0), value=1.0) > 0.5

    def drop_alignment(self) -> None:
        """Forget what only training uses: the network then draws as before and says so in its configuration."""
        self.align = None
        self.config = replace(self.config, align=0)

    def forward(
        self,
        x_t: Tensor,
        t: Tensor,
        z_img: Tensor,
        keep_z: Tensor,
        txt_feats: Tensor,
        txt_mask: Tensor,
        keep_txt: Tensor,
        known: Tensor,
        mask: Tensor,
        aligned: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """x_t, known [B, C, S, S]; mask [B, 1, 64, 64], 1 = repaint; keep_* [B] in {0, 1} → x_0 [B, C, S, S].

        `aligned`, of a network with `align`: x_0 and the map [B, align, h, w] that the middle points with.
        """
        emb, context, context_mask = self.conditioning(z_img, keep_z, txt_feats, txt_mask, keep_txt)
        patch = self.config.patch
        maps = [F.pixel_unshuffle(x_t, patch), F.pixel_unshuffle(known, patch)]
        maps.append(F.pixel_unshuffle(mask, self.mask_factor))
        told = (torch.cat(maps, dim=1), self.time(t) + emb, context, context_mask)
        if not aligned:
            return F.pixel_shuffle(self.unet(*told), patch)
        assert self.align is not None, "only a network with `align` has a map to give"
        x, middle = self.unet.with_middle(*told)
        return F.pixel_shuffle(x, patch), self.align(middle)


def perceptron(channels_in: int, channels: int) -> nn.Sequential:
    """Two layers at every place of a map."""
    return nn.Sequential(nn.Conv2d(channels_in, ALIGN_WIDTH, 1), nn.SiLU(), nn.Conv2d(ALIGN_WIDTH, channels, 1))
