"""Networks on disk: kind and sizes travel with the tensors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sfumato.errors import BundleError
from sfumato.networks.prior import Prior
from sfumato.networks.weights import NETWORKS, build, config_json, load_network, read_tensors
from support.networks import PRIOR, filled


def write(path: Path, **metadata: str) -> Prior:
    torch.manual_seed(0)
    prior = filled(Prior(PRIOR))
    tensors = {f"ema/{name}": tensor for name, tensor in prior.state_dict().items()}
    tensors |= {f"model/{name}": tensor + 1 for name, tensor in prior.state_dict().items()}
    save_file(tensors, path, metadata={"kind": "prior", "network": config_json(PRIOR)} | metadata)
    return prior


def test_a_network_comes_back_with_its_sizes_and_averaged_weights(tmp_path: Path) -> None:
    prior = write(tmp_path / "w.safetensors", step="7")
    read, metadata = load_network(tmp_path / "w.safetensors")
    assert read.config == PRIOR
    assert metadata["step"] == "7"
    for name, tensor in prior.state_dict().items():
        assert torch.equal(read.state_dict()[name], tensor)


def test_the_weights_in_training_can_be_chosen(tmp_path: Path) -> None:
    prior = write(tmp_path / "w.safetensors")
    read, _ = load_network(tmp_path / "w.safetensors", weights="model")
    torch.testing.assert_close(read.query, prior.query + 1)


def test_tensors_are_read_by_prefix(tmp_path: Path) -> None:
    write(tmp_path / "w.safetensors")
    tensors, _ = read_tensors(tmp_path / "w.safetensors", "model/")
    assert tensors.keys() == Prior(PRIOR).state_dict().keys()


@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_every_kind_is_built_from_its_configuration(kind: str) -> None:
    config, network = NETWORKS[kind]
    fields = json.loads(config_json(config()))
    with torch.device("meta"):
        built = build(kind, fields)
    assert type(built) is network
    assert built.config == config()  # type: ignore[comparison-overlap]


def test_an_unknown_kind() -> None:
    with pytest.raises(BundleError, match=r"no network of kind 'oracle'; known kinds are ar_prior, autoencoder, clip"):
        build("oracle", {})


def test_a_missing_a_torn_and_a_foreign_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere.safetensors cannot be read"):
        load_network(tmp_path / "nowhere.safetensors")
    write(tmp_path / "torn.safetensors")
    whole = (tmp_path / "torn.safetensors").read_bytes()
    (tmp_path / "torn.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match=r"torn.safetensors cannot be read .*; use another one\."):
        load_network(tmp_path / "torn.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(BundleError, match="not a checkpoint of Sfumato"):
        load_network(tmp_path / "foreign.safetensors")
