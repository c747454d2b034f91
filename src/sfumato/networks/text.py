"""The text tower: a small BERT encoder initialised from all-MiniLM-L6-v2.

Architecture as in Devlin et al. 2019 (post-norm encoder); `minilm_state` maps the published names to ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import attend, merge_heads, split_heads


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Sizes of the text tower. The defaults are those of all-MiniLM-L6-v2 with 32 positions used."""

    vocabulary: int = 30_522
    max_tokens: int = 32
    width: int = 384
    depth: int = 6
    heads: int = 12
    hidden: int = 1536


class EncoderLayer(nn.Module):
    """Self-attention and a perceptron, each followed by a layer norm."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        D = config.width
        self.heads = config.heads
        self.qkv = nn.Linear(D, 3 * D)
        self.out = nn.Linear(D, D)
        self.norm_attention = nn.LayerNorm(D, eps=1e-12)
        self.up = nn.Linear(D, config.hidden)
        self.down = nn.Linear(config.hidden, D)
        self.norm_mlp = nn.LayerNorm(D, eps=1e-12)

    def forward(self, x_BLD: Tensor, mask_B11L: Tensor) -> Tensor:
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(x_BLD).chunk(3, dim=-1))
        mixed = merge_heads(attend(q, k, v, mask_B11L))
        x_BLD = self.norm_attention(x_BLD + self.out(mixed))
        out: Tensor = self.norm_mlp(x_BLD + self.down(F.gelu(self.up(x_BLD))))
        return out


class TextEncoder(nn.Module):
    """Token ids [B, L] and mask [B, L] → features [B, L, D]."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.max_tokens, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.depth))

    def forward(self, txt_tokens_BL: Tensor, txt_mask_BL: Tensor) -> Tensor:
        places = torch.arange(txt_tokens_BL.shape[1], device=txt_tokens_BL.device)
        x_BLD: Tensor = self.norm(self.words(txt_tokens_BL) + self.positions(places))
        mask = txt_mask_BL.bool()[:, None, None, :]
        for layer in self.layers:
            x_BLD = layer(x_BLD, mask)
        return x_BLD

    def freeze_below(self, layer: int) -> None:
        """Freeze the embeddings and the layers before `layer`; with `layer` = depth everything is frozen."""
        frozen: list[nn.Module] = [self.words, self.positions, self.norm, *list(self.layers)[:layer]]
        for module in frozen:
            module.requires_grad_(False)


def masked_mean(feats_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    """Mean of the features of real tokens → [B, D]; zero where no token is real."""
    weight = mask_BL.to(feats_BLD.dtype)[:, :, None]
    return (feats_BLD * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def minilm_state(published: Mapping[str, Tensor], config: TextConfig) -> dict[str, Tensor]:
    """State of a `TextEncoder` from the tensors of a published BERT checkpoint (`embeddings.*`, `encoder.layer.*`).

    The type embedding of the first segment is added to the positions, since only one segment is ever used.
    """
    embeddings = "embeddings."
    positions = published[embeddings + "position_embeddings.weight"][: config.max_tokens]
    state = {
        "words.weight": published[embeddings + "word_embeddings.weight"],
        "positions.weight": positions + published[embeddings + "token_type_embeddings.weight"][:1],
        "norm.weight": published[embeddings + "LayerNorm.weight"],
        "norm.bias": published[embeddings + "LayerNorm.bias"],
    }
    for index in range(config.depth):
        state.update(_layer_state(published, index))
    return {name: tensor.float().clone() for name, tensor in state.items()}


_PARTS = {
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "norm_attention",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm_mlp",
}


def _layer_state(published: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    there, here = f"encoder.layer.{index}.", f"layers.{index}."
    state = {}
    for kind in ("weight", "bias"):
        parts = [published[f"{there}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        state[f"{here}qkv.{kind}"] = torch.cat(parts)
        for published_name, name in _PARTS.items():
            state[f"{here}{name}.{kind}"] = published[f"{there}{published_name}.{kind}"]
    return state
