from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfumato.diffusion import rng
from sfumato.engine.base import Array
from sfumato.pipeline.upsample import Known, enlarge, upsample, upsampled_size, upsampler_names
from sfumato.pipeline.watch import SILENT, Watch
from support.fake_engine import FakeEngine
from support.tiny_bundle import UPSAMPLER_256, tiny_manifest


def nearest(low_res: Array, **_: Array) -> dict[str, Array]:
    return {"x_0": low_res.repeat(4, axis=2).repeat(4, axis=3) * 3}


def ramp() -> Array:
    return np.broadcast_to(np.linspace(-0.3, 0.3, 64, dtype=np.float32), (1, 4, 64, 64)).copy()


def test_a_stage_starts_from_its_own_noise_and_stays_in_range() -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest)
    out = upsample(engine, "upsampler_256", ramp(), UPSAMPLER_256, seed=5, watch=Watch(SILENT))
    assert out.shape == (1, 4, 256, 256)
    np.testing.assert_allclose(out, nearest(ramp())["x_0"], atol=1e-5)
    assert np.abs(out).max() <= 1 + 1e-5
    _, inputs = engine.calls[0]
    np.testing.assert_array_equal(inputs["x_t"], rng.normal(5, out.shape, stream=rng.UPSAMPLER_256))
    np.testing.assert_array_equal(inputs["low_res"], ramp())


@pytest.mark.parametrize(
    ("size", "used"),
    [(256, ["upsampler_256"]), (512, ["upsampler_256", "upsampler_1024"]), (1024, ["upsampler_256", "upsampler_1024"])],
)
def test_every_size_is_reached_through_the_right_stages(size: int, used: list[str]) -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest, upsampler_1024=nearest)
    out = enlarge(engine, ramp() / 9, size, seed=0, watch=Watch(SILENT))
    assert out.shape == (1, 4, size, size)
    assert list(dict.fromkeys(name for name, _ in engine.calls)) == used == list(upsampler_names(size))


def test_512_is_the_mean_of_1024() -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest, upsampler_1024=nearest)
    large = enlarge(engine, ramp() / 9, 1024, seed=0, watch=Watch(SILENT))
    half = enlarge(engine, ramp() / 9, 512, seed=0, watch=Watch(SILENT))
    means = large.reshape(1, 4, 512, 2, 512, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(half, means, atol=1e-6)


def half_known(side: int) -> Known:
    """The left half is known: noise of its own."""
    mask = np.ones((1, 1, side, side), np.float32)
    mask[..., : side // 2] = 0
    return Known(picture=rng.normal(9, (1, 4, side, side), stream=0).clip(-1, 1), mask=mask)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_what_is_known_comes_out_as_it_went_in(size: int) -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest, upsampler_1024=nearest)
    known = half_known(upsampled_size(size))
    out = enlarge(engine, ramp() / 9, size, seed=0, watch=Watch(SILENT), known=known)
    left = known.picture.shape[-1] // size
    expected = known.picture.reshape(1, 4, size, left, size, left).mean(axis=(3, 5))
    np.testing.assert_allclose(out[..., : size // 2], expected[..., : size // 2], atol=1e-6)
    if left == 1:
        np.testing.assert_array_equal(out[..., : size // 2], known.picture[..., : size // 2])
    alone = enlarge(engine, ramp() / 9, size, seed=0, watch=Watch(SILENT))
    np.testing.assert_allclose(out[..., size // 2 :], alone[..., size // 2 :], atol=1e-6)


def test_a_network_that_inpaints_is_shown_what_is_known_and_the_true_small_picture() -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest, upsampler_1024=nearest)
    known = half_known(1024)
    enlarge(engine, ramp() / 9, 1024, seed=0, watch=Watch(SILENT), known=known)
    by_name = dict(engine.calls)
    for stage, factor in (("upsampler_256", 4), ("upsampler_1024", 1)):
        seen, side = known.shrunk(factor), 1024 // factor
        np.testing.assert_array_equal(by_name[stage]["known"], seen.erased)
        np.testing.assert_array_equal(by_name[stage]["mask"], seen.mask)
        assert not by_name[stage]["known"][..., side // 2 :].any()
        low = known.shrunk(4 * factor).picture
        np.testing.assert_array_equal(by_name[stage]["low_res"][..., : side // 8], low[..., : side // 8])


def test_nothing_is_known_of_a_drawing_and_a_plain_network_is_not_asked() -> None:
    engine = FakeEngine(tiny_manifest(), upsampler_256=nearest)
    upsample(engine, "upsampler_256", ramp(), UPSAMPLER_256, seed=5, watch=Watch(SILENT))
    assert not engine.calls[0][1]["known"].any()
    assert engine.calls[0][1]["mask"].all()
    manifest = tiny_manifest()
    plain = {name: replace(graph, inpaints=False) for name, graph in manifest.graphs.items()}
    engine = FakeEngine(replace(manifest, graphs=plain), upsampler_256=nearest)
    out = upsample(
        engine, "upsampler_256", ramp(), UPSAMPLER_256, seed=5, watch=Watch(SILENT), known=half_known(256)
    )
    assert set(engine.calls[0][1]) == {"x_t", "t", "low_res"}
    np.testing.assert_array_equal(out[..., :128], half_known(256).picture[..., :128])


def test_a_small_pixel_is_known_when_all_of_it_is() -> None:
    known = half_known(8)
    known.mask[0, 0, 1, 0] = 1
    small = known.shrunk(4)
    np.testing.assert_array_equal(small.mask[0, 0], [[1, 1], [0, 1]])
    np.testing.assert_allclose(small.picture[0, :, 1, 0], known.picture[0, :, 4:, :4].mean(axis=(1, 2)), rtol=1e-5)


def test_what_is_repainted_is_never_looked_at() -> None:
    known = half_known(8)
    poisoned = Known(picture=np.where(known.mask > 0, np.float32(1e6), known.picture), mask=known.mask)
    np.testing.assert_array_equal(poisoned.erased, known.erased)
    np.testing.assert_array_equal(poisoned.shrunk(2).picture, known.shrunk(2).picture)
    new = np.zeros_like(known.picture)
    np.testing.assert_array_equal(poisoned.over(new), known.over(new))
