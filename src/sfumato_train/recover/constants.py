"""The constants of an exported graph, and which of them holds which parameter of its network.

The exporter writes the same network with random weights, each of which is known. A graph lists its constants in the
same order whatever they hold, so the constant in which a known weight is found tells where the bundle keeps the real
one. Weights of eight bits are multiplied by their scales.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from torch import nn

from sfumato.engine.core import core
from sfumato.networks.graphs import Graph
from sfumato.networks.weights import training_only
from sfumato_train.export import Weights, write_graph

Floats = NDArray[np.float32]
LIKE = 0.05  # of a weight's spread: eight bits leave 0.01, and weights of two random tensors differ by 1.4


@dataclass(frozen=True, kw_only=True)
class Place:
    """The constant that holds a parameter, and whether with its rows and columns exchanged."""

    index: int
    transposed: bool


def randomise(network: nn.Module, *, silent: Collection[str] = ()) -> dict[str, Floats]:
    """Distinct normal weights for all parameters, of the size that layers usually have; what they are now.

    `silent`: parameters that become zero instead and are not in the answer, because an export adds them to others.
    Those that only training uses stay as they are and are not in it either.
    """
    made = {}
    generator, beside = torch.Generator().manual_seed(1), training_only(network)
    for name, parameter in network.named_parameters():
        if name in beside:
            continue
        fan = parameter[0].numel() if parameter.ndim > 1 else 1
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * fan**-0.5)
            if name in silent:
                parameter.zero_()
        if name not in silent:
            made[name] = parameter.detach().numpy().copy()
    return made


def exported(graph: Graph, precision: str) -> list[Floats]:
    """The constants of a graph as the exporter writes it."""
    weights: Weights = "int8" if precision == "int8" else "f16"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "graph.xml"
        write_graph(graph, target, weights=weights)
        return constants(core().read_model(target))


def constants(model: ov.Model) -> list[Floats]:
    """All floating constants in the graph's order; those of eight bits multiplied by their scales."""
    found = []
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant":
            continue
        if node.get_element_type() == ov.Type.i8:
            found.append(_values(node) * _scale(node))
        elif node.get_element_type() in (ov.Type.f16, ov.Type.f32):
            found.append(_values(node))
    return found


def _values(node: Any) -> Floats:
    return np.array(node.data, np.float32)


def _scale(node: Any) -> Floats:
    """What an int8 constant is multiplied by, one number a row, after its conversion; 1 where it is not."""
    while True:
        users = [port.get_node() for port in node.output(0).get_target_inputs()]
        if len(users) != 1:
            return np.ones((), np.float32)
        node = users[0]
        if node.get_type_name() == "Multiply":
            break
        if node.get_type_name() != "Convert":
            return np.ones((), np.float32)
    factor = node.input_value(1).get_node()
    while factor.get_type_name() == "Convert":
        factor = factor.input_value(0).get_node()
    return _values(factor) if factor.get_type_name() == "Constant" else np.ones((), np.float32)


def places(known: Mapping[str, Floats], pattern: list[Floats]) -> dict[str, Place]:
    """Where each known parameter is among the constants; those that are in none of them are left out."""
    by_size: dict[int, list[int]] = {}
    for index, constant in enumerate(pattern):
        by_size.setdefault(constant.size, []).append(index)
    found: dict[str, Place] = {}
    for name, value in known.items():
        for index in by_size.get(value.size, []):
            for transposed in (False, True):
                place = Place(index=index, transposed=transposed)
                if transposed <= (value.ndim == 2) and _alike(given(pattern[index], place, value.shape), value):
                    found.setdefault(name, place)
    return found


def given(constant: Floats, place: Place, shape: tuple[int, ...]) -> Floats:
    """A constant in the shape of its parameter."""
    value = constant.reshape(shape[::-1]).T if place.transposed else constant.reshape(shape)
    return np.ascontiguousarray(value, np.float32)


def _alike(value: Floats, known: Floats) -> bool:
    return float(np.sqrt(np.mean((value - known) ** 2))) <= LIKE * float(np.sqrt(np.mean(known**2)) + 1e-12)
