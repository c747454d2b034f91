"""Vary, blend and shift on the tiny bundle: seeds, shapes, ends of ways, what is run, and redrawing."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from sfumato.api import Sfumato
from sfumato.engine.choose import open_engine
from sfumato.errors import Cancelled, InputError
from sfumato.picture.convert import on_background
from sfumato.picture.fit import square
from sfumato.picture.read import read_picture
from sfumato.pipeline import variation
from sfumato.pipeline.decoder import to_picture
from sfumato.pipeline.latent import decode, invert, reversible
from sfumato.pipeline.manipulate import needed
from sfumato.pipeline.redraw import REDRAW, matched
from sfumato.pipeline.upsample import enlarge
from sfumato.pipeline.watch import SILENT, Watch
from sfumato.requests.base import SourceRef
from sfumato.requests.registry import OPERATIONS, read_request
from sfumato.types import Picture, Progress
from support.tiny_bundle import DECODER, PRIOR

SMALL: dict[str, Any] = {"seed": 40, "size": 256}
RNG = np.random.default_rng(0)
STICKER = RNG.integers(0, 256, (40, 64, 4), dtype=np.uint8)
OTHER = RNG.integers(0, 256, (40, 64, 4), dtype=np.uint8)
PHOTO = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
MASK = np.full((40, 64), 255, np.uint8)
MASK[9:18, 9:18] = 0


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1)


def same(one: Picture, other: Picture) -> bool:
    return np.array_equal(one.pixels, other.pixels)


def rebuilt(painter: Sfumato, pixels: np.ndarray) -> np.ndarray:
    """The source as the decoder draws it, by hand."""
    engine, watch = painter._model.engine, Watch(SILENT)
    path = reversible(engine.manifest.stages.decoder)
    x_0 = decode(engine, invert(engine, square(pixels), path, watch=watch), path, watch=watch)
    large = enlarge(engine, to_picture(engine, x_0, watch=watch), 256, seed=40, watch=watch)
    return on_background(large[:, :, 48:208], "transparent")  # 40 of 64 rows are the picture


@pytest.mark.parametrize("keep", ["none", "some", "most"])
@pytest.mark.parametrize("prompt", ["", "a red fox"])
def test_variation_k_is_the_same_drawn_alone(painter: Sfumato, keep: str, prompt: str) -> None:
    three = painter.vary(STICKER, n=3, keep=keep, prompt=prompt, **SMALL)
    (alone,) = painter.vary(STICKER, n=1, keep=keep, prompt=prompt, seed=42, size=256)
    assert [one.seed for one in three] == [40, 41, 42]
    assert alone.settings == three[2].settings
    assert same(alone, three[2])
    assert not same(three[0], three[1])


def test_keep_prompt_and_guidance_matter(painter: Sfumato) -> None:
    keeps = ("none", "some", "most")
    cases: list[dict[str, Any]] = [{"keep": keep, "prompt": words} for keep in keeps for words in ("", "a cat")]
    cases += [{"keep": "most", "guidance": 2.0}, {"keep": "some", "guidance": 1.0}, {"keep": "some", "steps": 3}]
    made = [painter.vary(STICKER, n=1, **case, **SMALL)[0] for case in cases]
    assert all(not same(one, other) for k, one in enumerate(made) for other in made[:k])


def test_a_kept_noise_goes_unguided_along_ddim(painter: Sfumato) -> None:
    most, some = (painter.vary(STICKER, n=1, keep=keep, **SMALL)[0].settings for keep in ("most", "some"))
    assert (most.guidance, most.sampler) == (1.0, "ddim")
    assert (some.guidance, some.sampler) == (DECODER.guidance, DECODER.sampler)
    asked = painter.vary(STICKER, n=1, keep="most", guidance=2, **SMALL)[0].settings
    assert (asked.guidance, asked.sampler) == (2.0, "ddim")


def test_without_shaking_the_picture_comes_back(painter: Sfumato, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variation, "ETA", 0.0)
    (one,) = painter.vary(STICKER, n=1, keep="most", **SMALL)
    assert np.array_equal(one.pixels, rebuilt(painter, STICKER))
    assert one.settings.title == "picture vary"


def test_results_have_the_pictures_shape_and_background(painter: Sfumato) -> None:
    (wide,) = painter.vary(STICKER, n=1, **SMALL)
    assert wide.pixels.shape == (160, 256, 4)
    (tall,) = painter.vary(np.swapaxes(STICKER, 0, 1), n=1, **SMALL)
    assert tall.pixels.shape == (256, 160, 4)
    (opaque,) = painter.vary(PHOTO, n=1, **SMALL)
    assert opaque.pixels.shape == (256, 256, 3)
    assert opaque.record["background"].startswith("#")
    (clear,) = painter.vary(PHOTO, n=1, background="transparent", **SMALL)
    assert clear.pixels.shape == (256, 256, 4)


def test_the_neighbour_of_an_embedding_is_a_unit_vector_near_its_seed(painter: Sfumato) -> None:
    engine = painter._model.engine
    z = np.eye(1, engine.manifest.embedding.dim, dtype=np.float32)
    prefix = variation.prior_told(engine, None)
    one, again, other = (variation.neighbour(engine, z, prefix, seed=k, watch=Watch(SILENT)) for k in (1, 1, 2))
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_way_begins_and_ends_with_the_pictures(painter: Sfumato) -> None:
    way = painter.blend([STICKER, OTHER], **SMALL)
    assert [one.settings.weights for one in way] == [(1, 0), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75), (0, 1)]
    assert {one.seed for one in way} == {40}
    assert np.array_equal(way[0].pixels, rebuilt(painter, STICKER))
    assert np.array_equal(way[-1].pixels, rebuilt(painter, OTHER))
    assert all(not same(one, other) for one, other in pairwise(way))


def test_the_way_back_is_the_way(painter: Sfumato) -> None:
    there = painter.blend([STICKER, OTHER], frames=3, **SMALL)
    back = painter.blend([OTHER, STICKER], frames=3, **SMALL)
    assert all(same(one, other) for one, other in zip(there[::2], back[::-2], strict=True))
    assert np.abs(there[1].pixels.astype(int) - back[1].pixels).max() <= 2


def test_a_way_goes_through_all_pictures(painter: Sfumato) -> None:
    way = painter.blend([STICKER, OTHER, STICKER[::-1]], frames=5, **SMALL)
    assert [one.settings.weights for one in way][2] == (0, 1, 0)
    assert np.array_equal(way[2].pixels, rebuilt(painter, OTHER))


def test_fixed_noise_is_the_seeds(painter: Sfumato) -> None:
    one, other = (painter.blend([STICKER, OTHER], frames=2, noise="fixed", seed=k, size=256) for k in (1, 2))
    assert not same(one[0], other[0])
    assert one[0].settings.guidance == DECODER.guidance
    (alone,) = painter.vary(STICKER, n=1, keep="some", seed=1, size=256)
    assert same(one[0], alone), "all the weight on one picture is a variation of it"


def test_mixtures(painter: Sfumato) -> None:
    two = painter.blend([STICKER, OTHER, PHOTO], weights=[2, 1, 1], n=2, **SMALL)
    assert [one.seed for one in two] == [40, 41]
    assert two[0].pixels.shape == (256, 256, 4), "unequal shapes stay square"
    (alone,) = painter.blend([STICKER, OTHER, PHOTO], weights=[4, 2, 2], seed=41, size=256)
    assert same(alone, two[1])
    (kept,) = painter.blend([STICKER, OTHER], n=1, noise="slerp", **SMALL)
    assert same(kept, painter.blend([STICKER, OTHER], frames=3, **SMALL)[1])


def test_a_shift_begins_with_the_picture(painter: Sfumato) -> None:
    way = painter.shift(STICKER, to="a red hat", from_="a hat", frames=3, **SMALL)
    assert [one.settings.theta for one in way] == [0, 0.2, 0.4]
    assert np.array_equal(way[0].pixels, rebuilt(painter, STICKER))
    assert not same(way[1], way[2])
    (alone,) = painter.shift(STICKER, to="a red hat", from_="a hat", frames=1, strength=0.2, **SMALL)
    assert same(alone, way[1])
    (other,) = painter.shift(STICKER, to="a red hat", frames=1, strength=0.2, **SMALL)
    assert not same(alone, other), "the description of what it is now matters"


def make(painter: Sfumato) -> dict[str, list[Picture]]:
    return {
        "draw": painter.draw("a fox", n=2, **SMALL),
        "vary": [*painter.vary(STICKER, n=2, **SMALL), *painter.vary(PHOTO, n=1, keep="none", **SMALL)],
        "blend": [painter.blend([STICKER, PHOTO], **SMALL)[1], *painter.blend([PHOTO, STICKER], n=2, **SMALL)],
        "shift": painter.shift(STICKER, to="a cat", frames=2, **SMALL)[1:],
        "edit": painter.edit(STICKER, "a fox", MASK, mask_colour="black", seed=4),
        "extend": painter.extend(STICKER, "a fox", left=9, seed=4),
    }


def test_everything_is_redrawn_from_its_record(painter: Sfumato) -> None:
    made = make(painter)
    assert set(made) == set(OPERATIONS) == set(REDRAW)
    for pictures in made.values():
        for picture in pictures:
            request = read_request(json.loads(json.dumps(picture.record)))
            again = painter.redraw(request, [MASK, PHOTO, STICKER])
            assert request == picture.settings
            assert same(again, picture)


def test_sources_are_known_by_their_pixels() -> None:
    given = [read_picture(one) for one in (STICKER, PHOTO)]
    wanted = [SourceRef(name="a.png", sha256=one.sha256) for one in (given[1], given[0], given[1])]
    assert matched(wanted, given) == [given[1], given[0], given[1]]
    with pytest.raises(InputError, match=r"made from a\.png; give that file with --source"):
        matched(wanted, [])
    with pytest.raises(InputError, match=r"made from b\.png with the SHA-256 123…, and picture is not that"):
        matched([SourceRef(name="b.png", sha256="123")], given[:1])


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("vary", {"keep": "none", "prompt": "a cat"}),
        ("vary", {"keep": "some"}),
        ("vary", {"keep": "most", "prompt": "a cat"}),
        ("vary", {"keep": "most", "guidance": 2.0}),
        ("shift", {"to": "a cat", "frames": 2}),
        ("blend", {"frames": 2}),
        ("blend", {"n": 1}),
    ],
)
def test_what_is_needed_is_what_is_compiled(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, operation: str, arguments: dict[str, Any]
) -> None:
    painter = Sfumato(tiny_bundle, threads=1)
    engine: Any = painter._model.engine
    compiled: list[str] = []
    original = engine.compile

    def counting(model: ov.Model, name: str) -> ov.CompiledModel:
        compiled.append(name)
        return original(model, name)

    monkeypatch.setattr(engine, "compile", counting)
    start = [STICKER, OTHER] if operation == "blend" else STICKER
    picture = getattr(painter, operation)(start, **arguments, **SMALL)[0]
    prior, text = arguments.get("keep") == "none", operation == "shift" or "prompt" in arguments
    wanted = needed(engine, picture.settings, text=text, prior=prior)
    assert sorted(compiled) == sorted(name for name, _ in wanted)


def test_pixel_spaces_have_no_encoder(tiny_pixel_bundle: Path) -> None:
    painter = Sfumato(tiny_pixel_bundle, threads=1)
    one, other = painter.vary(STICKER, n=2, keep="most", **SMALL)
    assert not same(one, other)
    request = one.settings
    graphs = [name for name, _ in needed(open_engine("openvino", tiny_pixel_bundle), request)]  # type: ignore[arg-type]
    assert graphs == ["image", "decoder", "upsampler_256"]


def stop_after(painter: Sfumato, after: int, seen: list[Progress]) -> None:
    painter.vary(STICKER, n=2, keep="most", progress=seen.append, cancelled=lambda: len(seen) >= after, **SMALL)


def test_progress_and_cancelling_between_any_two_steps(painter: Sfumato) -> None:
    seen: list[Progress] = []
    painter.vary(STICKER, n=2, keep="most", progress=seen.append, **SMALL)
    stages = [(one.stage, one.picture) for one in seen]
    assert stages[: DECODER.steps] == [("inversion", 1)] * DECODER.steps
    assert stages[-1] == ("upsampler_256", 2)
    assert all(one.pictures == 2 for one in seen)
    total = len(seen)
    for after in (0, 2, DECODER.steps + 1, total - 1):
        seen.clear()
        with pytest.raises(Cancelled):
            stop_after(painter, after, seen)
        assert len(seen) == after
    seen.clear()
    painter.vary(STICKER, n=1, keep="none", progress=seen.append, **SMALL)
    assert [one.stage for one in seen].count("prior") == PRIOR.steps


def test_shared_time_is_the_first_pictures(painter: Sfumato) -> None:
    first, second = painter.blend([STICKER, OTHER], frames=2, **SMALL)
    assert "inversion" in first.seconds
    assert "inversion" not in second.seconds


def test_notes_reach_the_pictures(painter: Sfumato) -> None:
    (varied,) = painter.vary(STICKER, n=1, prompt="a fox " * 20, **SMALL)
    (moved,) = painter.shift(STICKER, to="a fox " * 20, frames=1, **SMALL)
    assert "cut after" in varied.notes[0]
    assert "cut after" in moved.notes[0]


@pytest.mark.parametrize(
    ("operation", "arguments", "sentence"),
    [
        ("vary", {"keep": "all"}, "amount to keep 'all' is unknown; choose none, some or most"),
        ("vary", {"n": 0}, "number of pictures 0"),
        ("vary", {"size": 300}, "size 300"),
        ("vary", {"prompt": "a\x00"}, "control character"),
        ("vary", {"background": "nocolour"}, "background 'nocolour'"),
        ("blend", {"weights": [1]}, r"weights \[1\] do not fit 2 pictures; give one number for each"),
        ("blend", {"weights": [1, 0]}, "weight 0 leaves a picture out"),
        ("blend", {"weights": [1, -1]}, "weight -1 cannot be used"),
        ("blend", {"weights": [1, float("nan")]}, "weight nan cannot be used"),
        ("blend", {"weights": "21"}, "weights '21' do not fit"),
        ("blend", {"frames": 1}, "number of steps 1 cannot be used; give a whole number from 2 to 100"),
        ("blend", {"frames": 5, "n": 1}, "either a way in steps or one mixture"),
        ("blend", {"noise": "white"}, "noise 'white' is unknown; choose slerp or fixed"),
        ("blend", {"n": 2, "noise": "slerp"}, "all mixtures are the same"),
        ("shift", {"to": " "}, "prompt is empty"),
        ("shift", {"to": "a cat", "from_": "a cat "}, "the same words; give two descriptions"),
        ("shift", {"to": "a cat", "from_": "A cat"}, "say the same; describe the change in other words"),
        ("shift", {"to": "a cat", "strength": 1.5}, "strength 1.5 cannot be used; give a number from 0 to 1"),
        ("shift", {"to": "a cat", "frames": 0}, "number of steps 0"),
    ],
)
def test_bad_arguments_get_one_clear_sentence(
    painter: Sfumato, operation: str, arguments: dict[str, Any], sentence: str
) -> None:
    start = [STICKER, OTHER] if operation == "blend" else STICKER
    with pytest.raises(InputError, match=sentence) as caught:
        getattr(painter, operation)(start, **arguments)
    assert "\n" not in str(caught.value)


def test_pictures_to_blend_are_counted(painter: Sfumato) -> None:
    for pictures in ([], [STICKER], [STICKER] * 17):
        with pytest.raises(InputError, match=f"cannot be {len(pictures)}; give 2 to 16"):
            painter.blend(pictures)
    with pytest.raises(InputError, match="must be a list"):
        painter.blend("cat.png")
