"""A decoder that was aligned in training is exported as if it had not been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sfumato.bundle.manifest import MANIFEST, Manifest
from sfumato.engine.core import core
from sfumato.engine.torch import TorchEngine
from sfumato.networks.decoder import Decoder
from sfumato.networks.graphs import decoder_graph
from sfumato.networks.weights import put_weights
from sfumato_train.export import ExportOptions, Weights, export, write_graph
from sfumato_train.recipes.tiny import tiny
from sfumato_train.recover.constants import constants
from sfumato_train.recover.decoder import from_checkpoint
from support.networks import CLIP, LATENT, filled, tiny_networks, write_checkpoints

ALIGNED = replace(LATENT, align=CLIP.image.widths[-1])


def with_perceptron(plain: torch.nn.Module) -> Decoder:
    made = filled(Decoder(ALIGNED))
    put_weights(made, plain.state_dict())
    return made


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same model, its decoder trained without and with a perceptron."""
    made = {}
    for name in ("plain", "aligned"):
        root, networks = tmp_path_factory.mktemp(name), tiny_networks()
        if name == "aligned":
            networks["decoder"] = with_perceptron(networks["decoder"])
        runs = write_checkpoints(root / "runs", networks)
        export(tiny(), runs, root / "tiny", options=ExportOptions(weights="f16", with_weights=True))
        made[name] = root / "tiny"
    return made


def operations(graph: Path) -> list[tuple[str, list[str]]]:
    """What a graph does in order; names of nodes have numbers that OpenVINO counts through."""
    ops = core().read_model(graph).get_ordered_ops()
    return [(op.get_type_name(), [str(port.get_partial_shape()) for port in op.outputs()]) for op in ops]


def test_both_are_the_same(bundles: dict[str, Path]) -> None:
    """Graphs, constants, weights for PyTorch, manifest and card: nothing tells of the perceptron."""
    plain, other = bundles["plain"], bundles["aligned"]
    names = {path.name for path in plain.iterdir()}
    assert {path.name for path in other.iterdir()} == names
    for name in ("decoder.bin", "CARD.md"):
        assert (other / name).read_bytes() == (plain / name).read_bytes(), name
    assert operations(plain / "decoder.xml") == operations(other / "decoder.xml")
    one, two = (load_file(folder / "decoder.safetensors") for folder in (plain, other))
    assert one.keys() == two.keys()
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert Manifest.read(plain / MANIFEST).networks == Manifest.read(other / MANIFEST).networks


@pytest.mark.parametrize("weights", ["f16", "int8"])
def test_a_graph_of_the_whole_network_holds_no_constant_of_the_perceptron(tmp_path: Path, weights: Weights) -> None:
    """It is not reached from x_0, whoever writes the graph."""
    plain = tiny_networks()["decoder"]
    assert isinstance(plain, Decoder)
    sizes = []
    for name, network in (("plain", plain), ("aligned", with_perceptron(plain))):
        write_graph(decoder_graph(network, 8), tmp_path / f"{name}.xml", weights=weights)
        model = core().read_model(tmp_path / f"{name}.xml")
        assert len(model.outputs) == 1
        sizes.append([constant.shape for constant in constants(model)])
    assert sizes[0] == sizes[1]
    assert (tmp_path / "plain.bin").read_bytes() == (tmp_path / "aligned.bin").read_bytes()


def test_pytorch_reads_what_was_written(bundles: dict[str, Path]) -> None:
    assert '"align":0' in (Manifest.read(bundles["aligned"] / MANIFEST).networks or {})["decoder"]
    given = {name: value.numpy() for name, value in decoder_graph(Decoder(LATENT), 8).example.items()}
    one, other = (TorchEngine(bundles[name]).network("decoder")(**given)["x_0"] for name in ("plain", "aligned"))
    assert np.abs(one).max() > 1e-2
    np.testing.assert_array_equal(one, other)


def test_a_decoder_to_be_tuned_has_none(bundles: dict[str, Path]) -> None:
    tuned = from_checkpoint(bundles["aligned"].parent / "runs")
    assert tuned.config == LATENT
    assert tuned.align is None
