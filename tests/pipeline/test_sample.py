from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfumato.bundle.manifest import StagePreset
from sfumato.diffusion import rng
from sfumato.engine.base import Array
from sfumato.pipeline.sample import guided_denoiser, sample, stacked, times_of

PRESET = StagePreset(schedule="flow", sampler="ddim", steps=4, guidance=3.0)
SHAPE = (1, 2, 3, 3)


def network(calls: list[int] | None = None) -> object:
    """x_0 = 10·keep, whatever the noise; notes the batch of every call."""

    def run(x_t: Array, t: Array, keep: Array) -> dict[str, Array]:
        assert t.dtype == np.float32
        assert t.shape == (len(x_t),) == keep.shape
        if calls is not None:
            calls.append(len(x_t))
        return {"x_0": np.broadcast_to(10 * keep[:, None, None, None], x_t.shape).astype(np.float32)}

    return run


def denoiser(preset: StagePreset, calls: list[int], *, limit: bool = False) -> object:
    keep, drop = {"keep": np.ones(1, np.float32)}, {"keep": np.full(1, 0.1, np.float32)}
    return guided_denoiser(network(calls), keep, drop, preset, limit=limit)  # type: ignore[arg-type]


def test_guidance_moves_from_the_unconditional_estimate() -> None:
    calls: list[int] = []
    x_0 = denoiser(PRESET, calls)(np.zeros(SHAPE, np.float32), 0.5)  # type: ignore[operator]
    np.testing.assert_allclose(x_0, 1 + 3 * (10 - 1), rtol=1e-6)
    assert calls == [2]


def test_guidance_of_one_evaluates_once() -> None:
    calls: list[int] = []
    x_0 = denoiser(replace(PRESET, guidance=1.0), calls)(np.zeros(SHAPE, np.float32), 0.5)  # type: ignore[operator]
    np.testing.assert_allclose(x_0, 10)
    assert calls == [1]


def test_outside_the_interval_guidance_is_off() -> None:
    calls: list[int] = []
    denoise = denoiser(replace(PRESET, interval=(0.2, 0.8)), calls)
    results = [denoise(np.zeros(SHAPE, np.float32), t).max() for t in (0.9, 0.5, 0.1)]  # type: ignore[operator]
    assert calls == [1, 2, 1]
    assert results == pytest.approx([10, 28, 10])


def test_estimates_of_pixels_are_limited() -> None:
    x_0 = denoiser(PRESET, [], limit=True)(np.zeros(SHAPE, np.float32), 0.5)  # type: ignore[operator]
    assert x_0.max() == 1.0


def test_a_perfect_denoiser_is_reached_from_the_seeds_noise() -> None:
    goal = np.full(SHAPE, 0.25, np.float32)
    seen: list[Array] = []

    def denoise(x_t: Array, t: float) -> Array:
        seen.append(x_t)
        return goal

    ticks: list[object] = []
    out = sample(denoise, SHAPE, PRESET, seed=7, stream=rng.DECODER, tick=ticks.append)
    np.testing.assert_allclose(out, goal, atol=1e-6)
    np.testing.assert_array_equal(seen[0], rng.normal(7, SHAPE, stream=rng.DECODER))
    assert len(ticks) == PRESET.steps


def test_stacked_and_times() -> None:
    joined = stacked({"a": np.zeros((1, 2))}, {"a": np.ones((1, 2))})
    assert joined["a"].tolist() == [[0, 0], [1, 1]]
    assert times_of(0.5, 3).tolist() == [0.5, 0.5, 0.5]
