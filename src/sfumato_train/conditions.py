"""Frozen towers: what the prior and the decoder are conditioned on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.networks.clip import Clip


@dataclass(frozen=True, kw_only=True)
class Words:
    """z_txt [B, E] and txt_feats [B, L, D] of captions, with their mask [B, L]."""

    z_txt: Tensor
    txt_feats: Tensor
    txt_mask: Tensor


@torch.no_grad()
def words(clip: Clip, txt_tokens: Tensor, txt_mask: Tensor) -> Words:
    """Run the frozen text tower."""
    z_txt, feats = clip.text(txt_tokens, txt_mask)
    return Words(z_txt=z_txt.float(), txt_feats=feats.float(), txt_mask=txt_mask)


@torch.no_grad()
def image_embedding(clip: Clip, picture: Tensor) -> Tensor:
    """Run the frozen image tower: [B, 4, 64, 64] → z_img [B, E]."""
    z_img: Tensor = clip.image(picture)
    return z_img.float()
