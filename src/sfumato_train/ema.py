"""Exponential moving average of weights, the ones that ship."""

import torch
from torch import Tensor, nn


class Ema:
    """Averaged copy of a network's state: what is floating point is averaged, counters are copied.

    The decay grows from 0 to `decay` as (1+n)/(10+n) so that early weights are forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a saved average; each tensor keeps its memory layout."""
        for name, tensor in self.state.items():
            tensor.copy_(state[name])

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the network's present weights into the average."""
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        moving: list[Tensor] = []
        current: list[Tensor] = []
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                moving.append(self.state[name])
                current.append(tensor)
            else:
                self.state[name].copy_(tensor)
        torch._foreach_lerp_(moving, current, weight)
