from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from sfumato.bundle.store import Bundle, write_manifest
from sfumato.engine.base import Array
from sfumato.engine.openvino import OpenVINOEngine
from sfumato.errors import BundleError
from support.tiny_bundle import SHAPE, tiny_manifest

Make = Callable[..., OpenVINOEngine]


@pytest.fixture
def make(tiny_bundle: Path) -> Make:
    return lambda folder=tiny_bundle, **options: OpenVINOEngine(Bundle.open(folder), threads=1, **options)


def picture(batch: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(-1, 1, (batch, 4, 64, 64)).astype(np.float32)


def test_networks_run_at_any_batch_and_rows_do_not_mix(make: Make) -> None:
    image = make(precision="f32").network("image")
    both = image(picture=picture(2))["z_img"]
    assert both.shape == (2, SHAPE.E)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(image(picture=picture(2)[:1])["z_img"], both[:1], atol=1e-5)


def test_graphs_answer_to_the_names_of_the_contract(make: Make) -> None:
    engine = make()
    tokens = np.zeros((1, SHAPE.L), np.int64)
    out = engine.network("text")(txt_tokens=tokens, txt_mask=tokens + 1)
    assert out["z_txt"].shape == (1, SHAPE.E)
    assert out["txt_feats"].shape == (1, SHAPE.L, SHAPE.D)


def test_outputs_are_the_callers_own(make: Make) -> None:
    image = make().network("image")
    first = image(picture=picture(1))["z_img"]
    kept = first.copy()
    second = image(picture=picture(1, seed=9))["z_img"]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, kept)


def test_each_shape_is_compiled_once_and_ahead_when_asked(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make()
    compiled: list[str] = []
    original = engine.compile

    def counting(model: ov.Model, name: str) -> ov.CompiledModel:
        compiled.append(name)
        return original(model, name)

    monkeypatch.setattr(engine, "compile", counting)
    engine.prepare([("image", 1), ("image", 1)])
    image = engine.network("image")
    for _ in range(3):
        image(picture=picture(1))
    assert compiled == ["image"]
    image(picture=picture(2))
    assert compiled == ["image", "image"]


def test_threads_share_a_network(make: Make) -> None:
    image = make().network("image")
    expected = [image(picture=picture(1, seed))["z_img"] for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: image(picture=picture(1, seed))["z_img"], range(8)))
    np.testing.assert_array_equal(np.stack(found), np.stack(expected))


def test_has_and_file(make: Make, tiny_bundle: Path, tiny_pixel_bundle: Path) -> None:
    assert make().has("space_decoder")
    assert not make(tiny_pixel_bundle).has("space_decoder")
    assert make().file("tokenizer.json") == tiny_bundle / "tokenizer.json"
    with pytest.raises(BundleError, match="no graph space_decoder"):
        make(tiny_pixel_bundle).network("space_decoder")(x_0=np.zeros((1, 4, 64, 64), np.float32))


def test_a_tampered_graph_is_refused_in_the_background_too(tiny_bundle: Path, tmp_path: Path, make: Make) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "bad"))
    (folder / "image.bin").write_bytes(b"other")
    engine = make(folder)
    engine.prepare([("image", 1)])
    with pytest.raises(BundleError, match=r"image\.bin differs"):
        engine.network("image")(picture=picture(1))


def test_a_garbled_graph_with_the_right_hash_is_a_bundle_error(
    tiny_bundle: Path, tmp_path: Path, make: Make
) -> None:
    folder = Path(shutil.copytree(tiny_bundle, tmp_path / "bad"))
    (folder / "image.xml").write_text("<net/>")
    write_manifest(folder, tiny_manifest())
    with pytest.raises(BundleError, match="cannot be read by OpenVINO"):
        make(folder).network("image")(picture=picture(1))


@pytest.mark.parametrize("cache", [True, False])
def test_a_compiled_graph_from_the_cache_gives_the_same(make: Make, own_cache: Path, *, cache: bool) -> None:
    fresh = make(cache=False).network("image")(picture=picture(1))["z_img"]
    for _ in range(2):
        np.testing.assert_array_equal(make(cache=cache).network("image")(picture=picture(1))["z_img"], fresh)
    assert any(own_cache.glob("graphs/tiny-image-*/*.blob"))


def test_the_precision_asked_for_is_the_one_that_runs(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the graph was compiled, and cached, in another before."""
    found: list[Any] = []
    for precision in ("bf16", "f32", "bf16", "f32"):
        engine = make(precision=precision)
        model = engine.read("decoder")
        model.reshape({port.any_name: [1 if d.is_dynamic else d for d in port.partial_shape] for port in model.inputs})
        found.append(engine.compile(model, "decoder").get_property("INFERENCE_PRECISION_HINT"))
    assert found == [ov.Type.bf16, ov.Type.f32] * 2 or set(found) == {ov.Type.f32}
    assert len(list(Path(engine._cache or "").glob("tiny-decoder-*"))) >= 2


def test_graphs_that_end_in_pixels_run_in_f32_unless_told(make: Make) -> None:
    assert make()._options("upsampler_256")["INFERENCE_PRECISION_HINT"] == "f32"
    assert make(precision="bf16")._options("upsampler_256")["INFERENCE_PRECISION_HINT"] == "bf16"


def test_a_damaged_cache_is_no_reason_to_fail(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path))
    fresh = make().network("image")(picture=picture(1))["z_img"]
    (blob,) = tmp_path.glob("graphs/tiny-image-*/*.blob")
    blob.write_bytes(blob.read_bytes()[:100])
    np.testing.assert_array_equal(make().network("image")(picture=picture(1))["z_img"], fresh)
