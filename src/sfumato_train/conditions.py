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


@torch.no_grad()
def embedding_and_map(clip: Clip, picture: Tensor) -> tuple[Tensor, Tensor]:
    """z_img [B, E] and the image tower's last map [B, C, h, w], of one pass."""
    z_img, features = clip.image.with_features(picture)
    return z_img.float(), features.float()


def kept_words(clip: Clip, txt_tokens: Tensor, txt_mask: Tensor, keep: Tensor) -> Words:
    """`words` of the captions with `keep` [B] = 1, zeros for the dropped ones, which are not computed."""
    B, L = txt_tokens.shape
    kept = keep > 0.5
    some = words(clip, txt_tokens[kept], txt_mask[kept]) if bool(kept.any()) else None
    z_txt = torch.zeros(B, clip.config.embedding)
    feats = torch.zeros(B, L, clip.config.text.width)
    if some is not None:
        z_txt[kept], feats[kept] = some.z_txt, some.txt_feats
    return Words(z_txt=z_txt, txt_feats=feats, txt_mask=txt_mask)


def kept_embedding(clip: Clip, picture: Tensor, keep: Tensor) -> Tensor:
    """`image_embedding` of the pictures with `keep` [B] = 1, zeros for the dropped ones, which are not computed."""
    z_img = torch.zeros(len(picture), clip.config.embedding)
    kept = keep > 0.5
    if bool(kept.any()):
        z_img[kept] = image_embedding(clip, picture[kept])
    return z_img
