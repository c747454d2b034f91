"""Exponential moving averages of weights, the ones that ship."""

import torch
from torch import Tensor, nn

from sfumato_train.parts import local


class Ema:
    """Averaged copy of a network's state: what is floating point is averaged, counters are copied.

    The decay grows from 0 to `decay` as (1+n)/(10+n) so that early weights are forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a saved average; each tensor keeps its memory layout."""
        for name, tensor in self.state.items():
            local(tensor).copy_(local(state[name]))

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the network's present weights into the average."""
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        moving: list[Tensor] = []
        current: list[Tensor] = []
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                moving.append(local(self.state[name]))
                current.append(local(tensor))
            else:
                self.state[name].copy_(tensor)
        torch._foreach_lerp_(moving, current, weight)


class Emas:
    """Averages of several lengths kept at once, so that the length can be chosen when the run is over.

    A longer average is calmer and a shorter one follows sooner; which draws best shows only on finished pictures
    (Karras et al. 2024, section 3). `main` is what ships; in a checkpoint it is `ema`, the others are `ema@0.99` …
    """

    def __init__(self, network: nn.Module, main: float, others: tuple[float, ...]) -> None:
        lengths = sorted({decay for decay in others if decay != main})
        self.main = Ema(network, main)
        self.kept = {"ema": self.main} | {set_name(decay): Ema(network, decay) for decay in lengths}

    def update(self, network: nn.Module) -> None:
        """Take the network's present weights into every average."""
        for ema in self.kept.values():
            ema.update(network)


def set_name(decay: float) -> str:
    """The name of an average in a checkpoint: `load_network(path, weights=set_name(0.99))`."""
    return f"ema@{decay:g}"
