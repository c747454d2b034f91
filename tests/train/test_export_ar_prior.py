"""Export of the autoregressive prior: optional, with its code as a file of the bundle, and the same on both engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.api import Sfumato
from sfumato.bundle.code import NAMES, read_code
from sfumato.bundle.store import Bundle
from sfumato.networks.ar_prior import FIRST, TEXT, WORD
from sfumato.networks.weights import NETWORKS, kind_of
from sfumato.pipeline import ar_prior as pipeline
from sfumato_train.export import CODE, ExportOptions, export, read_stages
from sfumato_train.recipes.tiny import tiny
from support.networks import AR_PRIOR, coded, tiny_networks, write_checkpoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of random weights with both kinds of networks and without what else is optional."""
    root = tmp_path_factory.mktemp("ar_prior")
    networks = {name: network for name, network in tiny_networks().items() if name != "language"}
    runs = write_checkpoints(root / "runs", networks)
    export(tiny(), runs, root / "bundle", options=ExportOptions(weights="f16", with_weights=True))
    return root / "bundle"


def test_it_is_left_out_where_it_was_not_trained(tmp_path: Path) -> None:
    networks = tiny_networks()
    for name in ("ar_prior", "language"):
        networks.pop(name, None)
    found = read_stages(tiny(), write_checkpoints(tmp_path, networks))
    assert "ar_prior" not in found
    assert "prior" in found


def test_the_manifest_says_what_its_runtime_needs(folder: Path) -> None:
    bundle = Bundle.open(folder)
    shape = bundle.manifest.ar_prior
    assert shape is not None
    assert (shape.code, shape.numbers, shape.buckets) == (CODE, AR_PRIOR.numbers, AR_PRIOR.buckets)
    assert shape.cache == AR_PRIOR.cache_shape
    assert {CODE, "ar_prior.xml", "ar_prior.bin"} <= set(bundle.manifest.files)
    assert bundle.manifest.stages.ar_prior == tiny().preset.ar_prior


def test_the_code_is_the_networks(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.manifest.ar_prior is not None
    code = read_code(bundle.file(CODE), bundle.manifest.ar_prior, embedding=AR_PRIOR.embedding)
    network = coded(tiny_networks()["ar_prior"])  # type: ignore[arg-type]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(code, name), getattr(network, name).numpy())


def test_a_damaged_code_is_found_before_it_is_used(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / CODE).unlink()
    (tmp_path / CODE).write_bytes((folder / CODE).read_bytes()[::-1])
    with pytest.raises(Exception, match=rf"{CODE} differs from what its manifest promises"):
        Sfumato(tmp_path, threads=1).draw("a cat", size=256, prior="ar")


@pytest.mark.parametrize("prompt", ["a red fox", "two green apples on a hat"])
def test_both_engines_draw_the_same_numbers(folder: Path, prompt: str) -> None:
    """The graphs' weights are rounded to half precision: a number moves by a bucket at the most, and hardly ever."""
    settings = {"n": 2, "seed": 3, "size": 256, "background": "white", "prior": "ar"}
    drawn = [
        Sfumato(folder, engine=name, threads=1, precision="f32").draw(prompt, **settings)  # type: ignore[arg-type]
        for name in ("torch", "openvino")
    ]
    for one, other in zip(*drawn, strict=True):
        difference = np.abs(one.pixels.astype(int) - other.pixels)
        assert one.record == other.record
        assert difference.mean() < 0.5
    assert np.abs(drawn[0][0].pixels.astype(int) - drawn[0][1].pixels).mean() > 0.5


def test_pipeline_and_network_mean_the_same_kinds() -> None:
    """The runtime imports no torch, so it has its own copy of the three numbers."""
    assert (pipeline.WORD, pipeline.TEXT, pipeline.FIRST) == (WORD, TEXT, FIRST)


def test_the_kind_of_a_network_is_what_makes_it() -> None:
    for network in tiny_networks().values():
        kind = kind_of(network)
        assert type(network) is NETWORKS[kind][1]
    assert kind_of(tiny_networks()["ar_prior"]) == "ar_prior"
