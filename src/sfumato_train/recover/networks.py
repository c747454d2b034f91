"""A network's weights, brought back from the graphs of a bundle: whoever has a model has no checkpoints of it.

What comes out must compute what the graph computes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.bundle.store import Bundle
from sfumato.engine.core import core
from sfumato.engine.openvino import OpenVINOEngine
from sfumato.errors import BundleError
from sfumato.networks.graphs import Graph
from sfumato_train.recover.constants import constants, exported, given, places, randomise

TOLERANCE = 0.05
"""Of the spread of the outputs: by so much a recovered network may differ from its graph.

The text tower's differs by 0.02, since its graph rounds what flows through it to eight bits too.
"""


@torch.no_grad()
def fill(
    network: nn.Module, graphs: Mapping[str, Graph], bundle: Bundle, *, silent: Collection[str] = ()
) -> None:
    """Give a network the weights that the bundle's graphs of it hold. graphs: by name, modules over this network.

    `silent`: parameters that are in no graph by themselves and become zero; what they added is in those beside them.
    What only training uses is in none, and stays as it is.
    Raises `BundleError` where they do not fit, leaving random weights.
    """
    known = randomise(network, silent=silent)
    found: dict[str, Tensor] = {}
    for name, graph in graphs.items():
        stored = constants(core().read_model(*bundle.graph(name)))
        pattern = exported(graph, bundle.manifest.graphs[name].precision)
        if [one.shape for one in stored] != [one.shape for one in pattern]:
            raise unknown(bundle.manifest.name, f"the graph {name} is built otherwise")
        for key, place in places(known, pattern).items():
            found[key] = torch.from_numpy(given(stored[place.index], place, known[key].shape))
    missing = [name for name in known if name not in found]
    if missing:
        raise unknown(bundle.manifest.name, f"{missing[0]} is not found in it")
    for name, parameter in network.named_parameters():
        if name in known:
            parameter.copy_(found[name])
    for name, graph in graphs.items():
        error = difference(graph, bundle, name)
        if not error <= TOLERANCE:
            raise unknown(bundle.manifest.name, f"what was read from {name} draws otherwise, by {error:.1%}")


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


def unknown(model: str, why: str) -> BundleError:
    """What is raised for a model whose weights cannot be told."""
    return BundleError(
        f"The weights of the model {model} cannot be brought back from its graphs ({why}); "
        "name its training checkpoints with --runs."
    )
