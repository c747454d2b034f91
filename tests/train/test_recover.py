"""Weights brought back from graphs are those that were exported; what is no such graph is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.bundle.manifest import MANIFEST, Manifest
from sfumato.bundle.store import Bundle, write_manifest
from sfumato.errors import BundleError, InputError
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.graphs import decoder_graph
from sfumato.networks.weights import config_json
from sfumato_train.recipes.sticker import sticker
from sfumato_train.recover import networks as recovering
from sfumato_train.recover.constants import Place, given, places
from sfumato_train.recover.decoder import decoder_configs, from_checkpoint, recover_decoder
from sfumato_train.recover.networks import difference
from support.tiny_bundle import SHAPE
from support.tunable_bundle import SMALL, make_tunable_bundle, small_decoder


@pytest.fixture(scope="module")
def tunable(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tunable_bundle(tiny_bundle, tmp_path_factory.mktemp("shelf") / "tunable")


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    one, other = one.detach(), other.detach()
    return float((one - other).square().mean().sqrt() / other.square().mean().sqrt())


def test_every_parameter_of_a_half_precision_graph_comes_back(tunable: Path) -> None:
    made, true = recover_decoder(Bundle.open(tunable)), small_decoder()
    assert made.config == SMALL
    for (name, value), expected in zip(made.named_parameters(), true.parameters(), strict=True):
        assert relative(value, expected) < 1e-3, name


def test_int8_weights_come_back_within_their_steps(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(make_tunable_bundle(tiny_bundle, tmp_path / "eight", weights="int8"))
    made, true = recover_decoder(bundle), small_decoder()
    for (name, value), expected in zip(made.named_parameters(), true.parameters(), strict=True):
        assert relative(value, expected) < 0.02, name
    # What was rounded once is not rounded again: the network is the graph's own.
    assert difference(decoder_graph(made, SHAPE.L), bundle, "decoder") < 0.01


def test_sizes_that_no_recipe_has_cannot_be_guessed(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_tunable_bundle(tiny_bundle, tmp_path / "silent", described=False)
    with pytest.raises(BundleError, match=r"tunable cannot be brought back .*no recipe.*--runs"):
        recover_decoder(Bundle.open(folder))


def test_a_graph_that_was_made_otherwise_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_tunable_bundle(tiny_bundle, tmp_path / "other")
    manifest = Manifest.read(folder / MANIFEST)
    deeper = dataclasses.replace(SMALL, unet=dataclasses.replace(SMALL.unet, middle=2))
    write_manifest(folder, dataclasses.replace(manifest, networks={"decoder": config_json(deeper)}))
    with pytest.raises(BundleError, match="built otherwise"):
        recover_decoder(Bundle.open(folder))


def test_a_description_of_another_version_is_one_sentence(tunable: Path) -> None:
    manifest = Manifest.read(tunable / MANIFEST)
    strange = dataclasses.replace(manifest, networks={"decoder": '{"channels": "many"}'})
    with pytest.raises(BundleError, match="another version"):
        list(decoder_configs(strange))


def test_a_network_that_computes_something_else_is_refused(tunable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovering, "difference", lambda *_: 0.5)
    with pytest.raises(BundleError, match=r"draws otherwise, by 50\.0%"):
        recover_decoder(Bundle.open(tunable))


def test_the_difference_sees_one_changed_weight(tunable: Path) -> None:
    decoder = small_decoder()
    graph = decoder_graph(decoder, SHAPE.L)
    assert difference(graph, Bundle.open(tunable), "decoder") < 0.005
    with torch.no_grad():
        decoder.unet.stem.weight.mul_(1.5)
    assert difference(graph, Bundle.open(tunable), "decoder") > 0.05


def test_the_shipped_model_s_sizes_are_those_of_its_recipe() -> None:
    manifest = Bundle.open("sticker").manifest
    configs = list(decoder_configs(dataclasses.replace(manifest, networks=None)))
    wanted = sticker().stages["decoder"].network
    assert isinstance(wanted, DecoderConfig)
    assert configs[0] == dataclasses.replace(wanted, align=0)
    assert all(isinstance(config, DecoderConfig) and config.align == 0 for config in configs)
    assert len(configs) == len(set(configs))


def test_places_are_found_by_value_whichever_way_a_matrix_lies() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (5, 3), (15,)))
    pattern = [b.T.copy(), c.reshape(1, 15), a, rng.standard_normal(15).astype(np.float32)]
    found = places({"a": a, "b": b, "c": c, "gone": a + 9}, pattern)
    assert found == {
        "a": Place(index=2, transposed=False),
        "b": Place(index=0, transposed=True),
        "c": Place(index=1, transposed=False),
    }
    for name, value in (("a", a), ("b", b), ("c", c)):
        np.testing.assert_array_equal(given(pattern[found[name].index], found[name], value.shape), value)


def test_a_folder_without_a_decoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint of decoder"):
        from_checkpoint(tmp_path)
