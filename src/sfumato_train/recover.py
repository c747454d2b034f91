"""A network's weights, brought back from the graphs of a bundle: whoever has a model has no checkpoints of it.

The exporter writes the same network with random weights, each of which is known. A graph lists its constants in the
same order whatever they hold, so the constant in which a known weight is found tells where the bundle keeps the real
one. Weights of eight bits are multiplied by their scales. What comes out must compute what the graph computes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle
from sfumato.engine.openvino import OpenVINOEngine
from sfumato.errors import BundleError, InputError
from sfumato.networks.decoder import Decoder, DecoderConfig
from sfumato.networks.graphs import Graph, decoder_graph
from sfumato_train.config import DecoderStage
from sfumato_train.export import Weights, write_graph
from sfumato_train.recipes import RECIPES, recipe

Floats = NDArray[np.float32]
TOLERANCE = 0.02
"""Of the spread of the outputs: by so much a recovered network may differ from its graph (rounding, f16)."""
LIKE = 0.05  # of a weight's spread: eight bits leave 0.01, and weights of two random tensors differ by 1.4
SAMPLES = 4


@dataclass(frozen=True, kw_only=True)
class Place:
    """The constant that holds a parameter, and whether with its rows and columns exchanged."""

    index: int
    transposed: bool


def recover_decoder(bundle: Bundle) -> Decoder:
    """The decoder of a bundle, ready to be trained.

    Raises `BundleError` where the graph is damaged, or is not one that this version exports.
    """
    graphs = bundle.manifest.graphs
    if "decoder" not in graphs:
        raise BundleError(f"The model {bundle.manifest.name} has no graph decoder; choose another model.")
    problem: BundleError | None = None
    for config in decoder_configs(bundle.manifest):
        decoder = Decoder(config)
        try:
            fill(decoder, {"decoder": decoder_graph(decoder, bundle.manifest.text.max_tokens)}, bundle)
        except BundleError as error:
            problem = error
        else:
            return decoder
    raise problem or _unknown(bundle.manifest.name, "no recipe has a decoder of its sizes")


def decoder_configs(manifest: Manifest) -> Iterator[DecoderConfig]:
    """What the decoder's sizes may be: what the manifest says, else those of recipes that fit its space."""
    described = (manifest.networks or {}).get("decoder")
    if described is not None:
        try:
            yield TypeAdapter(DecoderConfig).validate_json(described)
        except ValidationError as error:
            raise _unknown(manifest.name, "its manifest describes a decoder of another version") from error
        return
    named = sorted(RECIPES, key=lambda name: name != manifest.name)
    stages = [stage for name in named for stage in recipe(name).stages.values()]
    seen: list[DecoderConfig] = []
    for stage in stages:
        if isinstance(stage, DecoderStage) and _fits(stage.network, manifest) and stage.network not in seen:
            seen.append(stage.network)
            yield stage.network


def _fits(config: DecoderConfig, manifest: Manifest) -> bool:
    space = (config.channels, config.size) == (manifest.space.channels, manifest.space.size)
    return space and (config.embedding, config.text_width) == (manifest.embedding.dim, manifest.text.width)


@torch.no_grad()
def fill(network: nn.Module, graphs: Mapping[str, Graph], bundle: Bundle) -> None:
    """Give a network the weights that the bundle's graphs of it hold. graphs: by name, modules over this network.

    Raises `BundleError` where they do not fit, leaving random weights.
    """
    known = randomise(network)
    found: dict[str, Tensor] = {}
    for name, graph in graphs.items():
        stored = constants(ov.Core().read_model(*bundle.graph(name)))
        pattern = exported(graph, bundle.manifest.graphs[name].precision)
        if [one.shape for one in stored] != [one.shape for one in pattern]:
            raise _unknown(bundle.manifest.name, f"the graph {name} is built otherwise")
        for key, place in places(known, pattern).items():
            found[key] = torch.from_numpy(given(stored[place.index], place, known[key].shape))
    missing = [name for name in known if name not in found]
    if missing:
        raise _unknown(bundle.manifest.name, f"{missing[0]} is not found in it")
    for name, parameter in network.named_parameters():
        parameter.copy_(found[name])
    for name, graph in graphs.items():
        error = difference(graph, bundle, name)
        if not error <= TOLERANCE:
            raise _unknown(bundle.manifest.name, f"what was read from {name} draws otherwise, by {error:.1%}")


def randomise(network: nn.Module) -> dict[str, Floats]:
    """Distinct normal weights for all parameters, of the size that layers usually have; what they are now."""
    made = {}
    generator = torch.Generator().manual_seed(1)
    for name, parameter in network.named_parameters():
        fan = parameter[0].numel() if parameter.ndim > 1 else 1
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * fan**-0.5)
        made[name] = parameter.detach().numpy().copy()
    return made


def exported(graph: Graph, precision: str) -> list[Floats]:
    """The constants of a graph as the exporter writes it."""
    weights: Weights = "int8" if precision == "int8" else "f16"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "graph.xml"
        write_graph(graph, target, weights=weights)
        return constants(ov.Core().read_model(target))


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


@torch.no_grad()
def difference(graph: Graph, bundle: Bundle, name: str) -> float:
    """How far a network is from the bundle's graph on random inputs: root mean square, in spreads of the output."""
    generator = torch.Generator().manual_seed(2)
    inputs = {key: _example(value, key, generator) for key, value in graph.example.items()}
    engine = OpenVINOEngine(bundle, precision="f32", cache=False)
    out = graph.module.eval()(*inputs.values())
    parts = out if isinstance(out, tuple) else (out,)
    expected = engine.network(name)(**{key: value.numpy() for key, value in inputs.items()})
    made, wanted = parts[0].float().numpy(), expected[graph.outputs[0]]
    return float(np.sqrt(np.mean((made - wanted) ** 2)) / max(float(wanted.std()), 1e-9))


def _example(value: Tensor, name: str, generator: torch.Generator) -> Tensor:
    """Inputs like those of use: what is kept, masked or a token stays as it is in the example."""
    if not value.is_floating_point() or name in ("keep_z", "keep_txt", "mask", "prefix_mask", "prefix"):
        return value
    if name == "t":
        return torch.rand(value.shape, generator=generator)
    made = torch.randn(value.shape, generator=generator)
    return torch.nn.functional.normalize(made) if name.startswith("z_") and name != "z_t" else made


def _unknown(model: str, why: str) -> BundleError:
    return BundleError(
        f"The weights of the model {model} cannot be brought back from its graphs ({why}); "
        "name its training checkpoints with --runs."
    )


def from_checkpoint(runs: Path) -> Decoder:
    """The averaged decoder of a folder of training runs; InputError where there is none."""
    from sfumato.networks.weights import load_network  # noqa: PLC0415 - after the errors above, which need no file
    from sfumato_train.checkpoint import newest  # noqa: PLC0415

    path = newest(runs / "decoder")
    if path is None:
        raise InputError(f"{runs} has no checkpoint of decoder; name a folder that `sfumato-train run` wrote.")
    network, _ = load_network(path)
    if not isinstance(network, Decoder):
        raise InputError(f"{path} is no checkpoint of a decoder; name another folder with --runs.")
    return network
