"""The optimiser and its schedule."""

import torch
from torch import Tensor, nn

from sfumato_train.config import OptimConfig


def optimiser(network: nn.Module, config: OptimConfig) -> torch.optim.AdamW:
    """Fused AdamW; weight decay only on matrices and kernels, not on norms, biases and lone vectors."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, fused=True)


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Rate of step `step` (from 0) of `steps`: linear warm-up, constant, linear cool-down."""
    up = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    down = min(1.0, (steps - step) / config.cooldown) if config.cooldown else 1.0
    return config.learning_rate * up * max(0.0, down)


def optimiser_state(network: nn.Module, optim: torch.optim.Optimizer) -> dict[str, Tensor]:
    """State by parameter name: `<parameter>/<state>`."""
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optim.state.get(parameter, {}).items()
    }


def load_optimiser_state(network: nn.Module, optim: torch.optim.Optimizer, state: dict[str, Tensor]) -> None:
    """Put back what `optimiser_state` gave."""
    parameters = dict(network.named_parameters())
    for path, value in state.items():
        name, key = path.rsplit("/", 1)
        parameter = parameters[name]
        optim.state[parameter][key] = value.clone() if value.ndim == 0 else laid_out_as(parameter, value)


def laid_out_as(pattern: Tensor, value: Tensor) -> Tensor:
    """A copy of `value` with the memory layout of `pattern`.

    Fused AdamW walks a parameter and its moments as flat memory: a channels-last kernel with contiguous moments would
    take its neighbours' moments for its own.
    """
    return torch.empty_like(pattern).copy_(value)
