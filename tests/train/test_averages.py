"""The average that ships, and the others that were kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sfumato.errors import InputError
from sfumato.networks.autoencoder import Autoencoder, AutoencoderConfig
from sfumato.networks.weights import config_json, load_network
from sfumato_train import checkpoint
from sfumato_train.averages import chosen, kept, sets, wanted
from sfumato_train.ema import set_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint with an average of ones, and one of twos that is shorter."""
    network = Autoencoder(AutoencoderConfig(channels=4, widths=(8, 8, 8)))
    state = network.state_dict()
    ones = {name: torch.ones_like(value) for name, value in state.items()}
    more = {f"{set_name(0.95)}/{name}": 2 * value for name, value in ones.items()}
    metadata = {"kind": "autoencoder", "network": config_json(network.config)}
    snapshot = checkpoint.Snapshot(model=dict(state), ema=ones, optim={}, metadata=metadata, more=more)
    return checkpoint.save(tmp_path, 1, snapshot, keep=1)


def test_an_average_is_chosen_and_loaded(path: Path) -> None:
    assert kept(path) == ["ema", "ema@0.95"]
    for decay, value in ((None, 1.0), (0.95, 2.0)):
        network, _ = load_network(path, weights=chosen(path, decay))
        assert all(bool((parameter == value).all()) for parameter in network.parameters())


def test_one_that_was_not_kept_is_told_with_those_that_were(path: Path) -> None:
    with pytest.raises(InputError, match=r"no average of decay 0\.9; it has 0\.95 besides the one that ships\."):
        chosen(path, 0.9)


def test_stages_take_theirs_and_unknown_stages_are_refused(path: Path) -> None:
    assert sets({"clip": path, "decoder": path}, {"clip": 0.95}) == {"clip": "ema@0.95", "decoder": "ema"}
    with pytest.raises(InputError, match="no stage 'prior' to take an average of; choose among clip"):
        sets({"clip": path}, {"prior": 0.95})


def test_the_words_of_the_command_line() -> None:
    assert wanted(["decoder=0.9995", "clip=0.9"]) == {"decoder": 0.9995, "clip": 0.9}
    for wrong in ("decoder", "decoder=", "decoder=long"):
        with pytest.raises(InputError, match=r"write it as decoder=0\.9995\."):
            wanted([wrong])
