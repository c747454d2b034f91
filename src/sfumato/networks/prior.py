"""The diffusion prior: the caption becomes an image embedding (unCLIP, Ramesh et al. 2022, section 2.2 and appendix C).

A decoder-only transformer with a causal mask over: encoded text, z_txt, the time, the noisy z_img, and a final query
whose output is the prediction of the clean z_img. Because the mask is causal, keys and values of the text and z_txt do
not depend on the noise: they are computed once (`prefix`) and each sampling step runs only three tokens (`step`).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import TimeEmbedding, attend, merge_heads, split_heads, zeroed

STEP_TOKENS = 3


@dataclass(frozen=True, kw_only=True)
class PriorConfig:
    """Sizes of the prior."""

    embedding: int = 384
    text_width: int = 384
    width: int = 384
    depth: int = 8
    heads: int = 6


class LayerSizes(Protocol):
    """What a layer asks of a transformer's configuration."""

    @property
    def width(self) -> int: ...

    @property
    def heads(self) -> int: ...


class CausalLayer(nn.Module):
    """Pre-norm attention and perceptron; keys and values of earlier tokens may come from a cache."""

    def __init__(self, config: LayerSizes) -> None:
        super().__init__()
        D = config.width
        self.heads = config.heads
        self.norm_attention = nn.LayerNorm(D)
        self.qkv = nn.Linear(D, 3 * D)
        self.out = zeroed(nn.Linear(D, D))
        self.norm_mlp = nn.LayerNorm(D)
        self.up = nn.Linear(D, 4 * D)
        self.down = zeroed(nn.Linear(4 * D, D))

    def forward(
        self, x_BLD: Tensor, mask: Tensor, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """→ the layer's output and its own keys and values [B, N, L, D/N] (without the past)."""
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(self.norm_attention(x_BLD)).chunk(3, -1))
        keys = k if past is None else torch.cat([past[0].to(k.dtype), k], dim=2)
        values = v if past is None else torch.cat([past[1].to(v.dtype), v], dim=2)
        mixed = attend(q, keys, values, mask)
        x_BLD = x_BLD + self.out(merge_heads(mixed))
        x_BLD = x_BLD + self.down(F.gelu(self.up(self.norm_mlp(x_BLD))))
        return x_BLD, k, v


class Prior(nn.Module):
    """See the module's text. Embeddings here are scaled (z · 0.5375·√E), the caller scales and unscales."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        D, E = config.width, config.embedding
        self.txt_in = nn.Linear(config.text_width, D)
        self.z_txt_in = nn.Linear(E, D)
        self.null_txt = nn.Parameter(torch.zeros(config.text_width))
        self.null_z_txt = nn.Parameter(torch.zeros(E))
        self.time = TimeEmbedding(D)
        self.z_in = nn.Linear(E, D)
        self.query = nn.Parameter(torch.randn(D) * 0.02)
        self.kinds = nn.Parameter(torch.randn(4, D) * 0.02)
        self.layers = nn.ModuleList(CausalLayer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(D)
        self.z_out = nn.Linear(D, E)

    def prefix_tokens(
        self, txt_feats: Tensor, txt_mask: Tensor, z_txt: Tensor, keep_txt: Tensor
    ) -> tuple[Tensor, Tensor]:
        """→ the tokens before the time, [B, L+1, D], and which of them are real, [B, L+1]."""
        keep = keep_txt[:, None]
        feats = keep[:, :, None] * txt_feats + (1 - keep[:, :, None]) * self.null_txt
        z = keep * z_txt * self.config.embedding**0.5 + (1 - keep) * self.null_z_txt
        tokens = torch.cat([self.txt_in(feats) + self.kinds[0], (self.z_txt_in(z) + self.kinds[1])[:, None]], 1)
        # A dropped caption hides its tokens, whatever their number; the null z_txt stays.
        real = keep * txt_mask.to(keep.dtype)
        return tokens, F.pad(real, (0, 1), value=1.0) > 0.5

    def step_tokens(self, z_t: Tensor, t: Tensor) -> Tensor:
        """→ time, noisy embedding and query, [B, 3, D]."""
        time, noisy = self.time(t) + self.kinds[2], self.z_in(z_t) + self.kinds[3]
        return torch.stack([time, noisy, self.query.to(noisy.dtype).expand_as(noisy)], dim=1)

    def prefix(
        self, txt_feats: Tensor, txt_mask: Tensor, z_txt: Tensor, keep_txt: Tensor
    ) -> tuple[Tensor, Tensor]:
        """→ keys and values of the prefix [depth, 2, B, N, L+1, D/N] and which places are real [B, L+1]."""
        x, real = self.prefix_tokens(txt_feats, txt_mask, z_txt, keep_txt)
        mask = causal_mask(x.shape[1], x.device)[None, None] & visible(real)
        cache = []
        for layer in self.layers:
            x, k, v = layer(x, mask)
            cache.append(torch.stack([k, v]))
        return torch.stack(cache), real

    def step(self, z_t: Tensor, t: Tensor, prefix: Tensor, real: Tensor) -> Tensor:
        """One evaluation on a cached prefix: z_t [B, E], t [B] → clean scaled embedding [B, E]."""
        x = self.step_tokens(z_t, t)
        own = causal_mask(STEP_TOKENS, x.device)[None, None].expand(x.shape[0], 1, -1, -1)
        past = real[:, None, None, :].expand(-1, 1, STEP_TOKENS, -1)
        mask = torch.cat([past, own], dim=-1)
        for layer, cached in zip(self.layers, prefix, strict=True):
            x, _, _ = layer(x, mask, (cached[0], cached[1]))
        return self._read(x)

    def forward(
        self, z_t: Tensor, t: Tensor, txt_feats: Tensor, txt_mask: Tensor, z_txt: Tensor, keep_txt: Tensor
    ) -> Tensor:
        """All tokens in one pass, as in training → clean scaled embedding [B, E]."""
        x, real = self.prefix_tokens(txt_feats, txt_mask, z_txt, keep_txt)
        x = torch.cat([x, self.step_tokens(z_t, t)], dim=1)
        mask = causal_mask(x.shape[1], x.device)[None, None] & visible(F.pad(real, (0, STEP_TOKENS), value=True))
        for layer in self.layers:
            x, _, _ = layer(x, mask)
        return self._read(x)

    def _read(self, x_BLD: Tensor) -> Tensor:
        out: Tensor = self.z_out(self.norm(x_BLD[:, -1]))
        return out


def causal_mask(length: int, device: torch.device) -> Tensor:
    """[L, L], True where the column's token is not later than the row's."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def visible(real_BL: Tensor) -> Tensor:
    """[B, L] → [B, 1, L, L]: real tokens are seen by all, and each token by itself, so that no row is empty."""
    L = real_BL.shape[1]
    itself = torch.eye(L, dtype=torch.bool, device=real_BL.device)
    return real_BL[:, None, None, :] | itself[None, None]


def embedding_scale(embedding: int) -> float:
    """Factor that brings unit embeddings to the noise's order of size: 0.5375·√E, 17.2 at 1024."""
    return float(0.5375 * embedding**0.5)
