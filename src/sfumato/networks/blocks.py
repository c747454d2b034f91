"""Building blocks shared by the networks.

Shape legend: B batch, C channels, H W space, L tokens, D width, N heads.
"""

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def timestep_embedding(t_B: Tensor, width: int, *, max_period: float = 10_000.0) -> Tensor:
    """Sinusoidal embedding of times in [0, 1] → [B, width] (Ho et al. 2020, section 4; t scaled by 1000)."""
    half = width // 2
    frequencies = torch.exp(-math.log(max_period) * torch.arange(half, device=t_B.device) / half)
    angles = 1000.0 * t_B.float()[:, None] * frequencies[None, :]
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class TimeEmbedding(nn.Module):
    """Time [B] → [B, width]: sinusoids and a two-layer perceptron."""

    def __init__(self, width: int, *, sinusoids: int = 128) -> None:
        super().__init__()
        self.sinusoids = sinusoids
        self.inner = nn.Linear(sinusoids, width)
        self.outer = nn.Linear(width, width)

    def forward(self, t_B: Tensor) -> Tensor:
        hidden: Tensor = self.inner(timestep_embedding(t_B, self.sinusoids).to(self.inner.weight.dtype))
        out: Tensor = self.outer(F.silu(hidden))
        return out


M = TypeVar("M", bound=nn.Module)
HIDDEN = -1e4  # large for a softmax, small enough for every floating type


def zeroed(module: M) -> M:
    """The module with all its parameters at zero, so that a residual branch starts as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def group_norm(channels: int) -> nn.GroupNorm:
    """Group normalisation with groups of 16 channels or more (32 groups at the most)."""
    groups = math.gcd(channels, max(1, min(32, channels // 16)))
    return nn.GroupNorm(groups, channels)


class Conv3x3(nn.Conv2d):
    """A 3×3 convolution that keeps the size of its map; as a product over patches where that trains faster.

    On maps of up to 4×4 places in bf16 oneDNN's gradient of the kernel takes five times as long as its forward pass;
    patches side by side and one product take half of the time in all. Elsewhere the copies cost more than they save.
    """

    SMALL = 16  # places

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(channels_in, channels, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        small = x_BCHW.shape[2] * x_BCHW.shape[3] <= self.SMALL
        if self.training and small and torch.is_autocast_enabled("cpu"):
            return self.over_patches(x_BCHW.to(torch.get_autocast_dtype("cpu")))
        return super().forward(x_BCHW)

    def over_patches(self, x_BCHW: Tensor) -> Tensor:
        """The same function, written as a product of patches and kernels."""
        _, _, H, W = x_BCHW.shape
        padded = F.pad(x_BCHW.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        patches = torch.cat([padded[:, i : i + H, j : j + W] for i in range(3) for j in range(3)], dim=-1)
        kernels = self.weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(patches, kernels, self.bias).permute(0, 3, 1, 2)


class ResBlock(nn.Module):
    """Two 3×3 convolutions around a skip; an embedding modulates the second norm (ADM, Dhariwal & Nichol 2021)."""

    def __init__(self, channels_in: int, channels: int, *, embedding: int = 0) -> None:
        super().__init__()
        self.norm_in = group_norm(channels_in)
        self.conv_in = Conv3x3(channels_in, channels)
        self.norm_out = group_norm(channels)
        self.conv_out = zeroed(Conv3x3(channels, channels))
        self.modulation = zeroed(nn.Linear(embedding, 2 * channels)) if embedding else None
        self.skip = nn.Conv2d(channels_in, channels, 1) if channels_in != channels else nn.Identity()

    def forward(self, x_BCHW: Tensor, emb_BD: Tensor | None = None) -> Tensor:
        hidden = self.norm_out(self.conv_in(F.silu(self.norm_in(x_BCHW))))
        if self.modulation is not None and emb_BD is not None:
            scale, shift = self.modulation(emb_BD)[:, :, None, None].chunk(2, dim=1)
            hidden = hidden * (1 + scale) + shift
        out: Tensor = self.skip(x_BCHW) + self.conv_out(F.silu(hidden))
        return out


class ContextAttention(nn.Module):
    """Attention from every place of a feature map to all places and to context tokens at once.

    Keys and values of the context are appended to those of the map (GLIDE, Nichol et al. 2022, section 2.3).
    """

    def __init__(self, channels: int, *, context: int, head_width: int = 32) -> None:
        super().__init__()
        self.heads = channels // head_width
        self.norm = group_norm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.context_kv = nn.Linear(context, 2 * channels)
        self.out = zeroed(nn.Linear(channels, channels))

    def forward(self, x_BCHW: Tensor, context_BLD: Tensor, context_mask_BL: Tensor) -> Tensor:
        """`context_mask_BL` is True where a context token may be attended to."""
        B, C, H, W = x_BCHW.shape
        tokens = self.norm(x_BCHW).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(tokens).chunk(3, dim=-1)
        context_k, context_v = self.context_kv(context_BLD).chunk(2, dim=-1)
        k = torch.cat([k, context_k], dim=1)
        v = torch.cat([v, context_v], dim=1)
        own = torch.ones(B, H * W, dtype=torch.bool, device=x_BCHW.device)
        mask = torch.cat([own, context_mask_BL], dim=1)[:, None, None, :]
        q, k, v = (split_heads(part, self.heads) for part in (q, k, v))
        mixed = attend(q, k, v, mask)
        out = self.out(merge_heads(mixed)).transpose(1, 2).reshape(B, C, H, W)
        result: Tensor = x_BCHW + out
        return result


def split_heads(x_BLD: Tensor, heads: int) -> Tensor:
    """[B, L, D] → [B, N, L, D/N]."""
    B, L, D = x_BLD.shape
    return x_BLD.reshape(B, L, heads, D // heads).transpose(1, 2)


def merge_heads(x_BNLD: Tensor) -> Tensor:
    """[B, N, L, D/N] → [B, L, D]."""
    B, N, L, D = x_BNLD.shape
    return x_BNLD.transpose(1, 2).reshape(B, L, N * D)


def attend(q_BNLD: Tensor, k_BNMD: Tensor, v_BNMD: Tensor, mask: Tensor) -> Tensor:
    """softmax(q·kᵀ/√D)·v where `mask` (broadcast to [B, N, L, M]) is True; some key must be visible to every query.

    Written out: over few tokens on a CPU its backward is three to seven times as fast as PyTorch's fused attention.
    """
    scores = (q_BNLD * q_BNLD.shape[-1] ** -0.5) @ k_BNMD.transpose(-1, -2)
    mixed: Tensor = scores.masked_fill(~mask, HIDDEN).softmax(dim=-1).to(v_BNMD.dtype) @ v_BNMD
    return mixed


def bilinear_upsample(x_BCHW: Tensor, factor: int) -> Tensor:
    """Enlarge a picture by a whole factor, smoothly."""
    return F.interpolate(x_BCHW, scale_factor=float(factor), mode="bilinear", align_corners=False)
