"""PyTorch eager: the same networks from the safetensors files of a bundle. Needs the extra `train`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle
from sfumato.engine.base import Array
from sfumato.errors import BundleError
from sfumato.networks.graphs import Graph, graphs
from sfumato.networks.weights import load_network

WEIGHTS = ".safetensors"


class TorchNetwork:
    """One graph, called with numpy arrays."""

    def __init__(self, graph: Graph, device: torch.device, *, bf16: bool) -> None:
        self.graph, self.device, self.bf16 = graph, device, bf16
        graph.module.to(device)

    def __call__(self, **inputs: Array) -> dict[str, Array]:
        """float32 (int64 for tokens and masks) in and out, as every engine."""
        tensors = [torch.from_numpy(np.array(inputs[name], order="C")) for name in self.graph.example]
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            out = self.graph.module(*(tensor.to(self.device) for tensor in tensors))
        parts = out if isinstance(out, tuple) else (out,)
        return {
            name: part.float().cpu().numpy() for name, part in zip(self.graph.outputs, parts, strict=True)
        }


class TorchEngine:
    """Runs a bundle that was exported with its PyTorch weights, on CUDA or MPS where there is one, else on the CPU.

    Raises BundleError when the bundle has no such files or one is damaged.
    """

    name = "torch"

    def __init__(
        self, model: str | Path, *, threads: int | None = None, precision: str | None = None
    ) -> None:
        self.bundle = Bundle.open(model)
        self.device = _device()
        self.bf16 = precision == "bf16"
        if threads is not None:
            torch.set_num_threads(threads)

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest

    @cached_property
    def _graphs(self) -> dict[str, TorchNetwork]:
        names = sorted(name for name in self.manifest.files if name.endswith(WEIGHTS))
        if not names:
            raise BundleError(
                f"{self.bundle.folder} has no PyTorch weights; export it again with --with-weights."
            )
        networks: dict[str, nn.Module] = {
            name.removesuffix(WEIGHTS): load_network(self.bundle.file(name))[0] for name in names
        }
        return {
            name: TorchNetwork(graph, self.device, bf16=self.bf16) for name, graph in graphs(networks).items()
        }

    def has(self, name: str) -> bool:
        """Whether the model has this network."""
        return name in self._graphs

    def network(self, name: str) -> TorchNetwork:
        """The network; `BundleError` when the model lacks it."""
        if name not in self._graphs:
            raise BundleError(f"The model {self.manifest.name} has no network {name}; choose another model.")
        return self._graphs[name]

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Nothing to do: eager networks are ready."""

    def file(self, name: str) -> Path:
        """A checked file of the bundle."""
        return self.bundle.file(name)


def _device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
