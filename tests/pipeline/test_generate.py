from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from sfumato.api import Sfumato
from sfumato.engine.base import Array
from sfumato.engine.choose import open_engine
from sfumato.engine.openvino import OpenVINONetwork
from sfumato.errors import Cancelled
from sfumato.pipeline.generate import decoder_preset, needed
from sfumato.requests.draw import DrawRequest
from sfumato.types import Picture, Progress
from support.tiny_bundle import DECODER, PRIOR, UPSAMPLER_256

SMALL: dict[str, Any] = {"seed": 40, "size": 256}


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def four(painter: Sfumato) -> list[Picture]:
    return painter.draw("a red fox", n=4, **SMALL)


def request(**changes: Any) -> DrawRequest:
    settings = {
        "prompt": "a red fox", "seed": 1, "size": 1024, "steps": 5, "guidance": 3.0, "sampler": "ddim",
        "background": "transparent", "system": "unclip", "model": "tiny", "version": "0",
    }  # fmt: skip
    return DrawRequest(**{**settings, **changes})


def different(one: Picture, other: Picture) -> bool:
    return not np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("k", range(4))
def test_picture_k_is_the_same_drawn_alone(painter: Sfumato, four: list[Picture], k: int) -> None:
    (alone,) = painter.draw("a red fox", seed=40 + k, size=256)
    assert alone.seed == four[k].seed == 40 + k
    assert alone.settings == four[k].settings
    np.testing.assert_array_equal(alone.pixels, four[k].pixels)


def test_seeds_and_prompts_make_different_pictures(painter: Sfumato, four: list[Picture]) -> None:
    assert all(different(four[0], other) for other in four[1:])
    assert different(painter.draw("a blue cat", **SMALL)[0], four[0])


@pytest.mark.parametrize(
    "change",
    [{"steps": 3}, {"guidance": 1.0}, {"guidance": 5.0}, {"system": "glide"}, {"sampler": "euler"}],
)
def test_every_setting_matters(painter: Sfumato, four: list[Picture], change: dict[str, Any]) -> None:
    (picture,) = painter.draw("a red fox", **SMALL, **change)
    assert different(picture, four[0])
    name, value = next(iter(change.items()))
    assert getattr(picture.settings, name) == value


def test_another_process_state_draws_the_same(tiny_bundle: Path, four: list[Picture]) -> None:
    """A second engine loads the graphs that the first one compiled and cached."""
    again = Sfumato(tiny_bundle, threads=1).draw("a red fox", **SMALL)[0]
    np.testing.assert_array_equal(again.pixels, four[0].pixels)


@pytest.mark.parametrize("size", [512, 1024])
def test_large_sizes(painter: Sfumato, size: int) -> None:
    (picture,) = painter.draw("a red fox", seed=1, size=size)
    assert picture.pixels.shape == (size, size, 4)
    assert picture.pixels.dtype == np.uint8
    assert list(picture.seconds) == ["text", "prior", "decoder", "space", "upsampler_256", "upsampler_1024"]


def test_pixel_space_draws_too(tiny_pixel_bundle: Path) -> None:
    first, second = Sfumato(tiny_pixel_bundle, threads=1).draw("a cat", n=2, **SMALL)
    assert first.pixels.shape == (256, 256, 4)
    assert different(first, second)
    assert "space" not in first.seconds


def test_background_is_laid_under(painter: Sfumato, four: list[Picture]) -> None:
    (white,) = painter.draw("a red fox", background="white", **SMALL)
    assert white.pixels.shape == (256, 256, 3)
    assert white.settings.background == "#ffffff"
    alpha = four[0].pixels[..., 3:] / 255
    expected = four[0].pixels[..., :3] * alpha + 255 * (1 - alpha)
    np.testing.assert_allclose(white.pixels, expected, atol=1)


def test_glide_runs_no_prior(painter: Sfumato) -> None:
    seen: list[Progress] = []
    (picture,) = painter.draw("a cat", system="glide", progress=seen.append, **SMALL)
    assert "prior" not in {progress.stage for progress in seen} | set(picture.seconds)


def test_progress_tells_every_step_of_every_picture(painter: Sfumato) -> None:
    seen: list[Progress] = []
    painter.draw("a cat", n=2, progress=seen.append, **SMALL)
    steps = {"prior": PRIOR.steps, "decoder": DECODER.steps, "space": 1, "upsampler_256": UPSAMPLER_256.steps}
    expected = [("text", 1, 1)]
    for picture in (1, 2):
        expected += [(stage, step, picture) for stage, n in steps.items() for step in range(1, n + 1)]
    assert [(p.stage, p.step, p.picture) for p in seen] == expected
    assert all(p.pictures == 2 and p.steps == steps.get(p.stage, 1) for p in seen)


@pytest.mark.parametrize("after", [0, 1, 4, 7, 12])
def test_cancelling_stops_within_one_step(painter: Sfumato, after: int) -> None:
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        painter.draw("a cat", progress=seen.append, cancelled=lambda: len(seen) >= after, **SMALL)
    assert len(seen) == after


def test_what_the_callback_raises_gets_out(painter: Sfumato) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        painter.draw("a cat", progress=stop, **SMALL)


def test_rerank_keeps_the_best_and_their_seeds(painter: Sfumato) -> None:
    ranked = painter.draw("a red fox", n=2, rerank=5, **SMALL)
    everyone = painter.draw("a red fox", n=5, rerank=5, **SMALL)
    similarities = [picture.similarity or 0.0 for picture in everyone]
    assert similarities == sorted(similarities, reverse=True)
    assert sorted(picture.seed for picture in everyone) == [40, 41, 42, 43, 44]
    assert [picture.seed for picture in ranked] == [picture.seed for picture in everyone[:2]]
    (alone,) = painter.draw("a red fox", seed=ranked[0].seed, size=256)
    np.testing.assert_array_equal(alone.pixels, ranked[0].pixels)
    assert alone.settings == ranked[0].settings
    assert alone.similarity is None
    (told,) = painter.draw("a red fox", seed=ranked[0].seed, size=256, similarity=True)
    assert told.similarity == ranked[0].similarity


def test_notes_reach_the_picture(painter: Sfumato) -> None:
    (picture,) = painter.draw("a fox " * 20, **SMALL)
    assert "cut after" in picture.notes[0]


def test_preset_takes_the_requests_settings(tiny_bundle: Path) -> None:
    engine = open_engine("openvino", tiny_bundle)
    preset = decoder_preset(engine, request(steps=9, guidance=1.5, sampler="heun"))
    assert (preset.steps, preset.guidance, preset.sampler) == (9, 1.5, "heun")
    assert preset.schedule == DECODER.schedule


def test_needed_lists_what_will_run(tiny_bundle: Path, tiny_pixel_bundle: Path) -> None:
    latent, pixel = open_engine("openvino", tiny_bundle), open_engine("openvino", tiny_pixel_bundle)
    assert needed(latent, request(), compare=True) == [
        ("text", 1), ("prior_prefix", 1), ("prior_step", 2), ("decoder", 2), ("space_decoder", 1), ("image", 1),
        ("upsampler_256", 1), ("upsampler_1024", 1),
    ]  # fmt: skip
    glide = needed(pixel, request(system="glide", size=256, guidance=1.0), compare=False)
    assert glide == [("text", 1), ("decoder", 1), ("upsampler_256", 1)]


def test_what_is_needed_is_what_is_compiled(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch size announced wrongly would be compiled in vain, and the right one again."""
    painter = Sfumato(tiny_bundle, threads=1)
    engine: Any = painter._model.engine
    compiled: list[str] = []
    original = engine.compile

    def counting(model: ov.Model, name: str) -> ov.CompiledModel:
        compiled.append(name)
        return original(model, name)

    monkeypatch.setattr(engine, "compile", counting)
    painter.draw("a cat", rerank=2, **SMALL)
    wanted = needed(engine, request(size=256), compare=True)
    assert sorted(compiled) == sorted(name for name, _ in wanted)


def test_arrays_are_float32_all_the_way(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: set[tuple[str, str]] = set()
    original = OpenVINONetwork.__call__

    def watched(network: OpenVINONetwork, **inputs: Array) -> dict[str, Array]:
        kinds.update((key, str(array.dtype)) for key, array in inputs.items())
        return original(network, **inputs)

    monkeypatch.setattr(OpenVINONetwork, "__call__", watched)
    painter.draw("a cat", **SMALL)
    assert {key for key, kind in kinds if kind == "int64"} == {"txt_tokens", "txt_mask"}
    assert {kind for _, kind in kinds} == {"int64", "float32"}
    assert {"x_t", "t", "z_t", "prefix", "prefix_mask", "z_img", "low_res", "x_0"} <= {key for key, _ in kinds}
