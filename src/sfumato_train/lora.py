"""Low-rank adaptation (Hu et al. 2021): a frozen layer W gets W + s·U·D, of which only U and D are trained.

A convolution's D is a convolution of its kernel to `rank` channels and U a 1×1 one. Merged into the weights
afterwards, nothing of it is left at run time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SKIPPED = ("time",)
"""The embedding of the time: no style depends on it."""


class LoraLinear(nn.Module):
    """A linear layer, frozen, and its low-rank change."""

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        self.down = nn.Parameter(torch.randn(rank, base.in_features) * base.in_features**-0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        out: Tensor = self.base(x) + self.scale * F.linear(F.linear(x, self.down), self.up)
        return out

    def delta(self) -> Tensor:
        """What is added to the weight [out, in]."""
        return self.scale * self.up @ self.down


class LoraConv(nn.Module):
    """A 2-D convolution, frozen, and its low-rank change."""

    def __init__(self, base: nn.Conv2d, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        fan = base.weight[0].numel()
        self.down = nn.Parameter(torch.randn(rank, *base.weight.shape[1:]) * fan**-0.5)
        self.up = nn.Parameter(torch.zeros(base.out_channels, rank, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, in, H, W] → [B, out, H', W']."""
        low = F.conv2d(x, self.down, None, self.base.stride, self.base.padding)
        out: Tensor = self.base(x) + self.scale * F.conv2d(low, self.up)
        return out

    def delta(self) -> Tensor:
        """What is added to the kernel [out, in, k, k]."""
        return self.scale * torch.einsum("or,rikl->oikl", self.up[:, :, 0, 0], self.down)


def add_lora(network: nn.Module, rank: int, *, scale: float = 1.0) -> int:
    """Freeze a network and put low-rank changes, zero at first, on its layers; how many numbers are trained.

    Layers as small as the rank are left alone, and so are those under `SKIPPED`.
    """
    network.requires_grad_(False)
    for name, layer in list(network.named_modules()):
        adapted = _adapted(layer, rank, scale)
        if adapted is not None and name.partition(".")[0] not in SKIPPED:
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, adapted)
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def _adapted(layer: nn.Module, rank: int, scale: float) -> nn.Module | None:
    if isinstance(layer, nn.Linear) and min(layer.in_features, layer.out_features) > rank:
        return LoraLinear(layer, rank, scale)
    if isinstance(layer, nn.Conv2d) and min(layer.in_channels, layer.out_channels) > rank and layer.groups == 1:
        return LoraConv(layer, rank, scale)
    return None


@torch.no_grad()
def merged(network: nn.Module) -> dict[str, Tensor]:
    """The state of the network as it was before `add_lora`, with the changes in its weights."""
    state = network.state_dict()
    adapted = {name: layer for name, layer in network.named_modules() if isinstance(layer, LoraLinear | LoraConv)}
    for name, layer in adapted.items():
        weight = state.pop(f"{name}.base.weight")
        state[f"{name}.weight"] = weight + layer.delta()
        if f"{name}.base.bias" in state:
            state[f"{name}.bias"] = state.pop(f"{name}.base.bias")
        del state[f"{name}.down"], state[f"{name}.up"]
    return state
