"""The priors side by side: cosines that are known beforehand, and bits that add up."""

from __future__ import annotations

from math import log2
from pathlib import Path

import numpy as np
import pytest

from sfumato.bundle.manifest import ArPreset
from sfumato.engine.base import Engine
from sfumato.engine.choose import open_engine
from sfumato_train.data.store import PictureStore
from sfumato_train.evals.bench import Bench
from sfumato_train.evals.config import EvalConfig
from sfumato_train.evals.measure import MEASUREMENTS, USUAL
from sfumato_train.evals.own_clip import OwnClip
from sfumato_train.evals.priors import compared, embeddings, known_priors, measure_priors, surprise
from support.tiny_bundle import SHAPE, make_tiny_bundle

TEXTS = ["a red fox", "a blue cat"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A model with both priors."""
    folder = make_tiny_bundle(tmp_path_factory.mktemp("priors") / "tiny", ar=ArPreset())
    return open_engine("openvino", folder, threads=1, precision="f32")


def units(*rows: list[float]) -> np.ndarray:
    z = np.array(rows, np.float32)
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def test_priors_are_those_of_the_model(both: Engine, engine: Engine) -> None:
    assert known_priors(both) == ("diffusion", "ar")
    assert known_priors(engine) == ("diffusion",)


def test_cosines_and_recall_of_known_embeddings() -> None:
    z = units([1, 0, 0], [0, 1, 0])
    turned = units([1, 1, 0], [0, 1, 1])
    among = np.concatenate([z, units([0, 0, 1])])
    scores = compared("p", z, turned, turned, z, among)
    assert scores["p.real"] == pytest.approx(0.5**0.5)
    assert scores["p.text"] == pytest.approx(1.0)
    assert scores["p.apart"] == pytest.approx(1 - 0.5**0.5)
    assert (scores["p.top1"], scores["p.candidates"]) == (1.0, 3.0)
    swapped = compared("p", z[::-1], z[::-1], turned, z, among)
    assert (swapped["p.top1"], swapped["p.apart"]) == (0.0, pytest.approx(0.0))


@pytest.mark.parametrize("prior", ["diffusion", "ar"])
def test_embeddings_are_those_of_their_own_seeds(both: Engine, prior: str) -> None:
    whole = embeddings(both, TEXTS, prior=prior, seed=3)
    assert whole.shape == (2, SHAPE.E)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(embeddings(both, TEXTS[1:], prior=prior, seed=4), whole[1:])
    assert np.abs(embeddings(both, TEXTS, prior=prior, seed=9) - whole).max() > 1e-3


def test_bits_are_those_of_the_distribution_that_is_drawn_from(both: Engine) -> None:
    """What sampling itself draws costs less than its opposite."""
    z = np.concatenate([embeddings(both, ["a red fox"], prior="ar", seed=seed) for seed in range(12)])
    bits = surprise(both, ["a red fox"] * len(z), z)
    assert bits.shape == (12, SHAPE.numbers)
    assert (bits > 0).all()
    other = surprise(both, ["a red fox"] * len(z), -z)
    assert bits[:, 1:].mean() < other[:, 1:].mean()


def test_the_measurement(both: Engine, store: PictureStore, tmp_path: Path) -> None:
    config = EvalConfig(prompts=3, captions=6, popular=1)
    heard: set[str] = set()
    bench = Bench(
        engine=both,
        clip=OwnClip(both),
        store=store,
        config=config,
        out=tmp_path,
        progress=lambda stage, done, total: heard.add(stage),
    )
    scores = measure_priors(bench)
    for which in ("seen", "pairs"):
        for prior in ("diffusion", "ar", "none"):
            assert -1 <= scores[f"priors.{which}.{prior}.real"] <= 1
            assert scores[f"priors.{which}.{prior}.queries"] == len(bench.prompts(which))  # type: ignore[arg-type]
        assert scores[f"priors.{which}.none.text"] == pytest.approx(1, abs=1e-5)
        assert scores[f"priors.{which}.none.apart"] == pytest.approx(0, abs=1e-5)
        assert scores[f"priors.{which}.ar.bits.even"] == pytest.approx(log2(SHAPE.buckets))
        places = [scores[f"priors.{which}.ar.bits.{place:02d}"] for place in range(SHAPE.numbers)]
        assert np.mean(places) == pytest.approx(scores[f"priors.{which}.ar.bits"], abs=1e-3)
    assert {"prior diffusion, seen", "prior ar, pairs", "bits, seen"} <= heard


def test_it_is_measured_when_it_is_asked_for() -> None:
    assert MEASUREMENTS["priors"] is measure_priors
    assert "priors" not in USUAL
