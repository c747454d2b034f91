"""The autoregressive prior at work: what is read, what is drawn, and that a picture depends on its own seed alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sfumato.api import Sfumato
from sfumato.bundle.code import write_code
from sfumato.bundle.manifest import ArPreset, Manifest
from sfumato.diffusion import rng
from sfumato.diffusion.buckets import choose
from sfumato.engine.base import Array
from sfumato.engine.choose import open_engine
from sfumato.errors import Cancelled, InputError
from sfumato.pipeline.ar_prior import FIRST, TEXT, WORD, ar_batch, ar_prefix, sample_ar_prior
from sfumato.pipeline.generate import needed
from sfumato.pipeline.prior import Caption, unit
from sfumato.pipeline.watch import SILENT, Watch
from sfumato.requests.draw import DrawRequest
from sfumato.types import Picture, Progress
from support.fake_engine import FakeEngine, floats
from support.tiny_bundle import AR_PRIOR, SHAPE, make_tiny_bundle, tiny_code, tiny_manifest, with_ar_prior

L, D, E, S, Q = SHAPE.L, SHAPE.D, SHAPE.E, SHAPE.numbers, SHAPE.buckets
WORDS = 5


class Engine(FakeEngine):
    """Has the code of the tiny model as its only file."""

    def __init__(self, manifest: Manifest, folder: Path, **functions: Any) -> None:
        super().__init__(manifest, **functions)
        self.folder = folder

    def file(self, name: str) -> Path:
        write_code(tiny_code(), self.folder / name)
        return self.folder / name


def caption() -> Caption:
    mask = (np.arange(L) < WORDS).astype(np.int64)[None]
    return Caption(z_txt=unit(floats(1, E, seed=1)), txt_feats=floats(1, L, D), txt_mask=mask)


def engine(folder: Path, step: Any, **preset: Any) -> Engine:
    return Engine(with_ar_prior(tiny_manifest(), ArPreset(**preset)), folder, ar_prior=step)


def present_of(kind: Array, fill: Array | float = 0.0) -> Array:
    """Keys and values whose entries are `fill`, in every row."""
    shape = (len(kind), 1, 2, 1, D)
    return np.broadcast_to(np.reshape(np.asarray(fill, np.float32), (-1, 1, 1, 1, 1)), shape).copy()


def even(kind: Array, **_: Array) -> dict[str, Array]:
    """Every number is equally likely."""
    return {"logits": np.zeros((len(kind), Q), np.float32), "present": present_of(kind)}


def certain(wanted: list[int]) -> Any:
    """Predicts these numbers, whatever it is told."""

    def step(kind: Array, **_: Array) -> dict[str, Array]:
        logits = np.full((len(kind), Q), -100.0, np.float32)
        following = int(kind[0]) - TEXT
        if following >= 0:
            logits[:, wanted[following]] = 0.0
        return {"logits": logits, "present": present_of(kind)}

    return step


def drawn(made: Engine, seed: int = 3) -> Array:
    said = caption()
    return sample_ar_prior(made, said, ar_prefix(made, said), seed=seed, watch=Watch(SILENT))


def test_every_word_is_read_once_then_the_text_then_all_numbers_but_the_last(tmp_path: Path) -> None:
    made = engine(tmp_path, even, candidates=2)
    drawn(made)
    kinds = [int(inputs["kind"][0]) for _, inputs in made.calls]
    assert kinds == [WORD] * WORDS + [TEXT] + [FIRST + i for i in range(S - 1)]
    said = caption()
    for place, (_, inputs) in enumerate(made.calls):
        assert all(len(array) == 2 for array in inputs.values())
        word = said.txt_feats[0, place] if place < WORDS else np.zeros(D)
        np.testing.assert_array_equal(inputs["word"], np.stack([word, word]))
        np.testing.assert_array_equal(inputs["z_txt"], np.repeat(said.z_txt, 2, axis=0))


def test_each_step_sees_what_was_read_before_it_at_its_place(tmp_path: Path) -> None:
    memories: list[tuple[Array, Array]] = []

    def step(kind: Array, past: Array, seen: Array, **_: Array) -> dict[str, Array]:
        memories.append((past[0, 0, 0, 0, :, 0].copy(), seen[0].copy()))
        return {"logits": np.zeros((len(kind), Q), np.float32), "present": present_of(kind, len(memories))}

    drawn(engine(tmp_path, step, candidates=1))
    for place, (past, shown) in enumerate(memories):
        assert shown.tolist() == [1.0] * place + [0.0] * (AR_PRIOR.places - place)
        assert past[:place].tolist() == list(range(1, place + 1))
    assert len(memories) == WORDS + S


def test_what_is_predicted_for_certain_is_what_comes_out(tmp_path: Path) -> None:
    wanted = [6, 1, 5, 0, 3]
    made = engine(tmp_path, certain(wanted), candidates=2)
    np.testing.assert_allclose(drawn(made), tiny_code().decode(np.array([wanted])), atol=1e-6)
    told = [inputs["bucket"].tolist() for _, inputs in made.calls if int(inputs["kind"][0]) >= FIRST]
    assert told == [[number] * 2 for number in wanted[:-1]]


def test_numbers_come_from_the_seeds_own_stream_and_the_first_from_its_upper_half(tmp_path: Path) -> None:
    made = engine(tmp_path, even, candidates=3)
    z = drawn(made, seed=11)
    u = rng.uniform(11, (3, S), stream=rng.AR_PRIOR)
    flat = np.zeros((3, Q), np.float32)
    numbers = [choose(flat, u[:, i], floor=0.5 if i == 0 else 0.0) for i in range(S)]
    assert (numbers[0] >= Q // 2).all()
    candidates = tiny_code().decode(np.stack(numbers, axis=1))
    best = int(np.argmax(candidates @ caption().z_txt[0]))
    np.testing.assert_array_equal(z, candidates[best : best + 1])


def test_the_floor_is_the_presets(tmp_path: Path) -> None:
    firsts = set()
    for seed in range(40):
        made = engine(tmp_path, even, candidates=1, floor=0.0)
        drawn(made, seed)
        firsts.add(next(int(inputs["bucket"][0]) for _, inputs in made.calls if int(inputs["kind"][0]) == FIRST))
    assert min(firsts) < Q // 2 < max(firsts)


def test_the_nearest_of_the_candidates_is_kept(tmp_path: Path) -> None:
    few, many = (drawn(engine(tmp_path, even, candidates=n), 5) @ caption().z_txt[0] for n in (1, 32))
    assert many[0] > few[0]


def test_the_embedding_has_unit_norm(tmp_path: Path) -> None:
    z = drawn(engine(tmp_path, even))
    assert z.shape == (1, E)
    assert z.dtype == np.float32
    assert np.linalg.norm(z) == pytest.approx(1.0, abs=1e-5)


def test_guidance_hides_the_caption_from_the_second_half(tmp_path: Path) -> None:
    made = engine(tmp_path, even, candidates=2, guidance=2.0)
    assert ar_batch(made) == 4
    drawn(made)
    for place, (_, inputs) in enumerate(made.calls):
        assert inputs["z_txt"][:2].any()
        assert not inputs["z_txt"][2:].any()
        hidden = min(place, WORDS)
        assert inputs["seen"][2:, :hidden].sum() == 0
        assert (inputs["seen"][2:, hidden:place] == 1).all()
        assert (inputs["seen"][:2, :place] == 1).all()


def test_guidance_pushes_away_from_what_is_said_without_the_caption(tmp_path: Path) -> None:
    """cond + (s-1)·(cond - uncond): equal with the caption, number 6 likely without: guided, 6 is unlikely."""

    def step(kind: Array, z_txt: Array, **_: Array) -> dict[str, Array]:
        logits = np.zeros((len(kind), Q), np.float32)
        logits[:, 6] = np.where(z_txt.any(axis=1), 0.0, 30.0)
        return {"logits": logits, "present": present_of(kind)}

    told: set[int] = set()
    for seed in range(12):
        made = engine(tmp_path, step, candidates=2, guidance=2.0)
        drawn(made, seed)
        told |= {int(n) for _, x in made.calls if int(x["kind"][0]) >= FIRST for n in x["bucket"]}
        assert all(x["bucket"][:2].tolist() == x["bucket"][2:].tolist() for _, x in made.calls)
    assert 6 not in told
    assert len(told) == Q - 1


def test_sampling_leaves_the_captions_prefix_alone(tmp_path: Path) -> None:
    """It serves all the pictures of a prompt."""

    def step(kind: Array, bucket: Array, **_: Array) -> dict[str, Array]:
        return {"logits": np.zeros((len(kind), Q), np.float32), "present": present_of(kind, bucket)}

    made, said = engine(tmp_path, step), caption()
    prefix = ar_prefix(made, said)
    before = {name: array.copy() for name, array in prefix.items()}
    one = sample_ar_prior(made, said, prefix, seed=1, watch=Watch(SILENT))
    other = sample_ar_prior(made, said, prefix, seed=2, watch=Watch(SILENT))
    again = sample_ar_prior(made, said, prefix, seed=1, watch=Watch(SILENT))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    for name, array in before.items():
        np.testing.assert_array_equal(prefix[name], array)


# With a bundle.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("ar") / "tiny", ar=ArPreset(guidance=1.5))


@pytest.fixture(scope="module")
def painter(folder: Path) -> Sfumato:
    return Sfumato(folder, threads=1)


@pytest.fixture(scope="module")
def three(painter: Sfumato) -> list[Picture]:
    return painter.draw("a red fox", n=3, seed=20, size=256, prior="ar")


@pytest.mark.parametrize("k", range(3))
def test_picture_k_is_the_same_drawn_alone(painter: Sfumato, three: list[Picture], k: int) -> None:
    (alone,) = painter.draw("a red fox", seed=20 + k, size=256, prior="ar")
    assert alone.settings == three[k].settings
    np.testing.assert_array_equal(alone.pixels, three[k].pixels)


def test_it_draws_other_pictures_than_diffusion_and_says_so(painter: Sfumato, three: list[Picture]) -> None:
    (other,) = painter.draw("a red fox", seed=20, size=256)
    assert not np.array_equal(other.pixels, three[0].pixels)
    assert (three[0].record["prior"], other.record["prior"]) == ("ar", "diffusion")
    assert len({picture.pixels.tobytes() for picture in three}) == 3


def test_words_matter(painter: Sfumato, three: list[Picture]) -> None:
    (other,) = painter.draw("a blue cat", seed=20, size=256, prior="ar")
    assert not np.array_equal(other.pixels, three[0].pixels)


def test_progress_and_cancelling(painter: Sfumato) -> None:
    seen: list[Progress] = []
    painter.draw("a cat", seed=1, size=256, prior="ar", progress=seen.append)
    assert [p.step for p in seen if p.stage == "prior"] == list(range(1, S + 1))
    stopped: list[Progress] = []
    with pytest.raises(Cancelled):
        painter.draw("a cat", prior="ar", progress=stopped.append, cancelled=lambda: len(stopped) >= 3, size=256)
    assert (stopped[-1].stage, stopped[-1].step) == ("prior", 2)


def test_a_model_without_it_says_so(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=r"^The model tiny has no autoregressive prior; choose the prior diffusion or"):
        Sfumato(tiny_bundle, threads=1).draw("a cat", prior="ar")


def test_glide_has_no_prior_to_choose(painter: Sfumato) -> None:
    with pytest.raises(InputError, match="The system glide draws without a prior"):
        painter.draw("a cat", prior="ar", system="glide")


def test_needed_lists_its_graph(folder: Path) -> None:
    settings: dict[str, Any] = {
        "prompt": "a fox", "seed": 1, "size": 256, "steps": 5, "guidance": 1.0, "sampler": "ddim",
        "model": "tiny", "version": "0", "prior": "ar",
    }  # fmt: skip
    graphs = needed(open_engine("openvino", folder), DrawRequest(**settings), compare=False)
    assert graphs == [("text", 1), ("ar_prior", 4), ("decoder", 1), ("space_decoder", 1), ("upsampler_256", 1)]


def test_its_graph_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Sfumato(folder, threads=1)
    inner: Any = painter._model.engine
    compiled: list[str] = []
    original = inner.compile
    monkeypatch.setattr(inner, "compile", lambda model, name: compiled.append(name) or original(model, name))
    painter.draw("a red fox on a hat", n=2, seed=3, size=256, prior="ar")
    painter.draw("a cat", seed=3, size=256, prior="ar")
    assert compiled.count("ar_prior") == 1
    assert "prior_step" not in compiled


def test_a_manifest_with_too_few_places_is_refused(folder: Path) -> None:
    manifest = Manifest.read(folder / "manifest.json")
    assert manifest.ar_prior == AR_PRIOR
    assert AR_PRIOR.code in manifest.required_files()
    assert "ar_prior" in manifest.required_graphs()
    with pytest.raises(ValueError, match="too few places for a prompt"):
        replace(manifest, ar_prior=replace(AR_PRIOR, cache=(1, 2, 1, L + S - 1, D)))
    with pytest.raises(ValueError, match=r"graphs\.ar_prior"):
        replace(manifest, graphs={name: graph for name, graph in manifest.graphs.items() if name != "ar_prior"})


@pytest.mark.parametrize(
    "change",
    [{"cache": (1, 3, 1, 30, 8)}, {"cache": (0, 2, 1, 30, 8)}, {"numbers": 1}, {"numbers": 40}, {"buckets": 1}],
)
def test_shapes_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(AR_PRIOR, **change)


@pytest.mark.parametrize("change", [{"guidance": -1.0}, {"candidates": 0}, {"floor": 1.0}, {"floor": -0.1}])
def test_presets_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        ArPreset(**change)
