"""The PyTorch engine: the same networks and pictures as OpenVINO's, from checked files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.api import Sfumato
from sfumato.engine.torch import TorchEngine
from sfumato.errors import BundleError
from sfumato_train.export import ExportOptions, export
from sfumato_train.recipes.tiny import tiny
from support.networks import tiny_networks, write_checkpoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of random weights with both kinds of networks."""
    root = tmp_path_factory.mktemp("torch")
    runs = write_checkpoints(root / "runs", tiny_networks())
    export(tiny(), runs, root / "bundle", options=ExportOptions(weights="f16", with_weights=True))
    return root / "bundle"


@pytest.fixture(scope="module")
def engine(folder: Path) -> TorchEngine:
    return TorchEngine(folder, threads=1)


def test_it_has_the_bundles_networks(engine: TorchEngine) -> None:
    assert engine.name == "torch"
    assert all(engine.has(name) for name in engine.manifest.graphs)
    assert not engine.has("oracle")
    with pytest.raises(BundleError, match="has no network oracle; choose another model"):
        engine.network("oracle")
    assert engine.file("tokenizer.json").name == "tokenizer.json"
    engine.prepare([("text", 1)])


def test_arrays_go_in_and_come_out(engine: TorchEngine) -> None:
    picture = np.linspace(-1, 1, 2 * 4 * 64 * 64, dtype=np.float32).reshape(2, 4, 64, 64)
    picture.flags.writeable = False
    out = engine.network("image")(picture=picture)
    assert list(out) == ["z_img"]
    assert out["z_img"].shape == (2, 20)
    assert out["z_img"].dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(out["z_img"], axis=1), 1, rtol=1e-5)
    upside_down = engine.network("image")(picture=picture[:, :, ::-1])
    assert np.abs(upside_down["z_img"] - out["z_img"]).max() > 1e-6


def test_bfloat16_is_near_and_not_the_same(folder: Path, engine: TorchEngine) -> None:
    picture = np.random.default_rng(0).random((1, 4, 64, 64), np.float32)
    exact = engine.network("image")(picture=picture)["z_img"]
    coarse = TorchEngine(folder, precision="bf16").network("image")(picture=picture)["z_img"]
    assert 1e-6 < np.abs(coarse - exact).max() < 0.05


def test_it_draws_what_openvino_draws(folder: Path) -> None:
    """The graphs' weights are rounded to half precision and guidance magnifies it: 6 of 255 steps, hardly anywhere."""
    settings = {"n": 2, "seed": 3, "size": 256, "background": "white"}
    drawn = [
        Sfumato(folder, engine=name, threads=1, precision="f32").draw("a red fox", **settings)  # type: ignore[arg-type]
        for name in ("torch", "openvino")
    ]
    for one, other in zip(*drawn, strict=True):
        assert one.settings.seed == other.settings.seed
        difference = np.abs(one.pixels.astype(int) - other.pixels)
        assert difference.max() <= 6
        assert difference.mean() < 0.2
    assert drawn[0][0].pixels.std() > 1


def test_a_bundle_without_pytorch_weights_says_what_to_do(tiny_bundle: Path) -> None:
    with pytest.raises(BundleError, match="has no PyTorch weights; export it again with --with-weights"):
        TorchEngine(tiny_bundle).has("text")


def test_a_damaged_file_is_found_before_it_is_used(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    path = copy / "prior.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=r"prior\.safetensors differs from what its manifest promises"):
        TorchEngine(copy).network("prior_step")


def test_threads_are_set(folder: Path) -> None:
    before = torch.get_num_threads()
    try:
        TorchEngine(folder, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
