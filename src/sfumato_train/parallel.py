"""How a network is spread over processes: alone, a copy on each (DDP), or a part of every block on each (FSDP2)."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.utils.checkpoint import checkpoint

from sfumato_train.config import TrainConfig
from sfumato_train.distributed import world, wrapped
from sfumato_train.parts import local, spread

_CONTAINERS = (nn.ModuleList, nn.Sequential)


def blocks(network: nn.Module) -> list[nn.Module]:
    """The repeated parts of a network: composite items of its lists and sequences, the outermost of them."""
    found: list[nn.Module] = []
    for child in network.children():
        repeated = isinstance(network, _CONTAINERS) and not isinstance(child, _CONTAINERS)
        if not repeated:
            found += blocks(child)
        elif any(True for _ in child.children()) and any(True for _ in child.parameters()):
            found.append(child)
    return found


def recompute(network: nn.Module) -> None:
    """Let every block forget its activations and compute them again for the gradient (Chen et al. 2016)."""
    for block in blocks(network):
        setattr(block, "forward", partial(checkpoint, block.forward, use_reentrant=False))  # noqa: B010


class Parallel:
    """A network ready to be trained: `network` holds the weights, `module` is what the loss calls."""

    def __init__(self, network: nn.Module, config: TrainConfig, *, bf16: bool) -> None:
        self.ranks = world()[1]
        self.sharded = config.parallel == "fsdp" and self.ranks > 1
        # FSDP cuts parameters in rows of contiguous memory; everywhere else kernels are quicker channels last.
        layout = torch.contiguous_format if self.sharded else torch.channels_last
        self.network: nn.Module = network.to(memory_format=layout)  # type: ignore[call-overload]
        if config.recompute:
            recompute(self.network)
        self.scalars: list[nn.Parameter] = []
        if self.sharded:
            self.scalars = _shard(self.network, bf16=bf16)
            self.module: nn.Module = self.network
        else:
            self.module = wrapped(self.network)

    @contextmanager
    def part(self, *, last: bool) -> Iterator[None]:
        """One of the parts that a batch is accumulated from; gradients travel with the last."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")  # none is changed
            if isinstance(self.module, FSDPModule):
                self.module.set_requires_gradient_sync(last)
                yield
            elif isinstance(self.module, nn.parallel.DistributedDataParallel) and not last:
                with self.module.no_sync():
                    yield
            else:
                yield

    @torch.no_grad()
    def before_step(self) -> None:
        """What FSDP leaves to us and DDP does itself: rank 0's running statistics for all."""
        if self.sharded:
            for buffer in self.network.buffers():
                dist.broadcast(buffer, 0)

    @torch.no_grad()
    def clipped(self, limit: float) -> Tensor:
        """Scale the gradients down to a norm of `limit`; their norm before."""
        trained = [p for p in self.network.parameters() if p.grad is not None]
        if not self.sharded:
            return nn.utils.clip_grad_norm_(trained, limit)
        for scalar in self.scalars:
            if scalar.grad is not None:
                dist.all_reduce(scalar.grad)
                scalar.grad /= self.ranks
        grads = [p.grad for p in trained if p.grad is not None]
        norm = _norm(grads)
        scale = (limit / (norm + 1e-6)).clamp(max=1.0)
        for grad in grads:
            local(grad).mul_(scale)
        return norm

    @contextmanager
    def holding(self, state: dict[str, Tensor]) -> Iterator[nn.Module]:
        """The network in evaluation, with other weights for a while."""
        present = self.network.state_dict()
        kept = {name: local(tensor).clone() for name, tensor in present.items()}
        _copy(present, {name: local(tensor) for name, tensor in state.items()})
        self.network.eval()
        try:
            yield self.network
        finally:
            for module in self.network.modules():
                if isinstance(module, FSDPModule):
                    module.reshard()
            _copy(self.network.state_dict(), kept)
            self.network.train()


@torch.no_grad()
def _copy(state: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    for name, tensor in state.items():
        local(tensor).copy_(values[name])


def _norm(grads: list[Tensor]) -> Tensor:
    """The norm of all gradients together, of which this process has rows of some and the whole of others."""
    zero = torch.zeros(())
    cut = sum((local(grad).float().square().sum() for grad in grads if spread(grad)), zero)
    dist.all_reduce(cut)
    whole = sum((grad.float().square().sum() for grad in grads if not spread(grad)), zero)
    norm: Tensor = (cut + whole).sqrt()
    return norm


def _shard(network: nn.Module, *, bf16: bool) -> list[nn.Parameter]:
    """Spread the blocks and what is left of the network; returns the lone numbers, which cannot be cut."""
    scalars = [p for p in network.parameters() if p.ndim == 0]
    settings: dict[str, Any] = {
        "mesh": init_device_mesh("cpu", (world()[1],)),
        "mp_policy": MixedPrecisionPolicy(
            param_dtype=torch.bfloat16 if bf16 else None, reduce_dtype=torch.float32 if bf16 else None
        ),
    }
    if scalars:
        settings["ignored_params"] = set(scalars)
    for block in blocks(network):
        fully_shard(block, **settings)
    fully_shard(network, **settings)
    return scalars
