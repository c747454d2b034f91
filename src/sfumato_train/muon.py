"""Muon (Jordan et al. 2024): momentum made orthogonal, for matrices; AdamW for everything else, in one optimiser.

PyTorch's own Muon takes matrices only. Here a convolution's kernel is the matrix [out, in·height·width], and rows
spread by FSDP are gathered for the iteration, so that any number of processes takes the same step.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from sfumato_train.parts import local, own_rows

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
NARROWEST = 16


def orthogonal(matrix_MN: Tensor, *, bf16: bool = False) -> Tensor:
    """The nearest matrix with singular values of one, roughly: they end between 0.7 and 1.2; float32.

    X ← aX + (bA + cA²)X with A = XXᵀ, five times (the quintic Newton–Schulz iteration), from X / ‖X‖. `bf16`: multiply
    in bfloat16, as Jordan does, which is precise enough for "roughly" and up to eight times as fast where products are.
    """
    a, b, c = COEFFICIENTS
    tall = matrix_MN.shape[0] > matrix_MN.shape[1]
    x = (matrix_MN.T if tall else matrix_MN).float()
    x = x / x.norm().clamp(min=1e-7)
    x = x.bfloat16() if bf16 else x
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    out: Tensor = (x.T if tall else x).float()
    return out


def takes(module: nn.Module, parameter: nn.Parameter) -> bool:
    """Whether Muon takes a weight: inner matrices and kernels, not embeddings, nor stems and heads of few channels."""
    inner = isinstance(module, nn.Linear | nn.Conv2d) and parameter.ndim >= 2
    if not inner or parameter.shape[1] == 1:
        return False
    return min(parameter.shape[0], parameter.numel() // parameter.shape[0]) >= NARROWEST


class Muon(torch.optim.AdamW):
    """Groups with `momentum` take Muon's step, with products in bfloat16 if they say `bf16`; the others take AdamW's.

    A Muon step is scaled by 0.2·√max(M, N), which gives it the size of an AdamW step (Liu et al. 2025, eq. 4), so one
    learning rate and one weight decay serve both.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step with every gradient there is; those of Muon's groups are used up."""
        for group in self.param_groups:
            if "momentum" in group:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._orthogonal_step(parameter, group)
                        parameter.grad = None  # AdamW passes over what has none
        return super().step(closure)

    def _orthogonal_step(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        assert parameter.grad is not None
        weight, grad, buffer = local(parameter), local(parameter.grad), local(state["momentum_buffer"])
        buffer.lerp_(grad, 1 - group["momentum"])
        wanted = torch.lerp(grad, buffer, group["momentum"])  # Nesterov's look ahead
        whole = orthogonal(_whole(parameter, wanted).flatten(1), bf16=group.get("bf16", False))
        update = _own(parameter, whole).view_as(wanted)
        rows, columns = parameter.shape[0], parameter.numel() // parameter.shape[0]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(update, alpha=-group["lr"] * 0.2 * max(rows, columns) ** 0.5)


def _whole(parameter: Tensor, part: Tensor) -> Tensor:
    if not isinstance(parameter, DTensor):
        return part
    where = (parameter.device_mesh, parameter.placements)
    parted: Any = DTensor.from_local(part, *where, shape=parameter.shape, stride=parameter.stride())
    whole: Tensor = parted.full_tensor()
    return whole


def _own(parameter: Tensor, whole: Tensor) -> Tensor:
    held = own_rows(parameter)
    return whole if held is None else whole[held[0] : held[1]]
