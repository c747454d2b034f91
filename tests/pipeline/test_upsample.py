from __future__ import annotations

import numpy as np
import pytest

from sfumato.diffusion import rng
from sfumato.engine.base import Array
from sfumato.pipeline.upsample import enlarge, upsample, upsampler_names
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
