"""The optimiser and its schedule."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from sfumato_train.config import OptimConfig
from sfumato_train.muon import Muon, takes
from sfumato_train.parts import spread
from sfumato_train.source import Source


def optimiser(network: nn.Module, config: OptimConfig, *, bf16: bool = False) -> torch.optim.AdamW:
    """Fused AdamW or Muon; weight decay only on matrices and kernels, not on norms, biases and lone vectors.

    `bf16`: of the run; Muon's products are then made in it too.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    muon = _for_muon(network) if config.name == "muon" else set()
    rest = [p for p in trained if p not in muon]
    lone = [p for p in rest if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in lone if p.ndim or not spread(rest[0])], "weight_decay": 0.0},
    ]
    if rest and spread(rest[0]):  # a fused step takes spread tensors or whole ones, and FSDP cannot cut a lone number
        groups.append({"params": [p for p in lone if not p.ndim], "weight_decay": 0.0})
    if muon:
        inner = [p for p in trained if p in muon]
        decay = {"weight_decay": config.weight_decay}
        groups.append({"params": inner, **decay, "momentum": config.momentum, "bf16": bf16})
    kind = Muon if config.name == "muon" else torch.optim.AdamW
    return kind(groups, lr=config.learning_rate, betas=config.betas, fused=True)


def _for_muon(network: nn.Module) -> set[nn.Parameter]:
    own = [(module, p) for module in network.modules() for p in module.parameters(recurse=False) if p.requires_grad]
    return {parameter for module, parameter in own if takes(module, parameter)}


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Rate of step `step` (from 0) of `steps`: linear warm-up, the schedule, linear cool-down."""
    up = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    down = min(1.0, (steps - step) / config.cooldown) if config.cooldown else 1.0
    return config.learning_rate * up * _course(config, step, steps) * max(0.0, down)


def _course(config: OptimConfig, step: int, steps: int) -> float:
    """From 1 at the end of the warm-up to 0 at the end of the run."""
    gone = min(1.0, max(0.0, (step - config.warmup) / max(1, steps - config.warmup)))
    courses = {"constant": 1.0, "linear": 1 - gone, "cosine": (1 + math.cos(math.pi * gone)) / 2}
    return courses[config.schedule]


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


def read_optimiser_state(network: nn.Module, optim: torch.optim.Optimizer, source: Source) -> None:
    """The same from a checkpoint's `optim/…`, whose tensors may be spread over other processes than these."""
    parameters = dict(network.named_parameters())
    for path in source.under("optim"):
        name, key = path.rsplit("/", 1)
        value = torch.zeros(()) if not source.types[f"optim/{path}"][0] else torch.empty_like(parameters[name])
        source.fill(value, f"optim/{path}")
        optim.state[parameters[name]][key] = value


def laid_out_as(pattern: Tensor, value: Tensor) -> Tensor:
    """A copy of `value` with the memory layout of `pattern`.

    Fused AdamW walks a parameter and its moments as flat memory: a channels-last kernel with contiguous moments would
    take its neighbours' moments for its own.
    """
    return torch.empty_like(pattern).copy_(value)
