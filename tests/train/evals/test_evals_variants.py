"""Ways of drawing: the preset is what users get, and each variant changes what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfumato.engine.base import Engine
from sfumato_train.evals.arrays import Floats, unit
from sfumato_train.evals.drawing import draw_small
from sfumato_train.evals.variants import PRESET, Atelier, Variant, decoder_preset, variants, with_prior

TEXTS = ["a cat", "two red apples"]
SEED = 11


@pytest.fixture(scope="module")
def real(engine: Engine) -> Floats:
    return unit(np.random.default_rng(0).normal(0, 1, (4, engine.manifest.embedding.dim)))


@pytest.fixture(scope="module")
def atelier(engine: Engine, real: Floats) -> Atelier:
    return Atelier(engine, TEXTS, repeats=2, seed=SEED, real=real)


@pytest.fixture(scope="module")
def preset(atelier: Atelier) -> Floats:
    return atelier.draw(PRESET)


@pytest.mark.parametrize(("variant", "system"), [(PRESET, "unclip"), (Variant(label="glide", source="none"), "glide")])
def test_the_systems_are_those_of_the_pipeline(
    engine: Engine, atelier: Atelier, variant: Variant, system: str
) -> None:
    made = atelier.draw(variant)
    assert made.shape == (4, 4, 64, 64)
    for number in range(4):
        (wanted,) = draw_small(engine, [TEXTS[number // 2]], system=system, seed=SEED + number)
        assert made[number] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    "variant",
    [
        Variant(label="words", source="words"),
        Variant(label="picture", source="picture"),
        Variant(label="one", candidates=1),
        Variant(label="four", candidates=4),
        Variant(label="steps", steps=2),
        Variant(label="guidance", guidance=1.0),
    ],
)
def test_every_variant_draws_other_pictures(atelier: Atelier, preset: Floats, variant: Variant) -> None:
    made = atelier.draw(variant)
    assert made.shape == preset.shape
    assert np.abs(made - preset).max() > 1e-3


def test_embeddings_come_from_where_they_should(engine: Engine, atelier: Atelier, real: Floats) -> None:
    found = atelier.embeddings(Variant(label="picture", source="picture"))
    assert np.concatenate([z for z in found if z is not None]) == pytest.approx(real)
    assert atelier.embeddings(Variant(label="none", source="none")) == [None] * 4
    words = atelier.embeddings(Variant(label="words", source="words"))
    assert words[0] is words[1]
    assert words[1] is not words[2]


def test_embeddings_are_made_once_a_prior(atelier: Atelier) -> None:
    assert atelier.embeddings(PRESET) is atelier.embeddings(Variant(label="other", guidance=1.0))
    assert atelier.embeddings(PRESET) is not atelier.embeddings(Variant(label="one", candidates=1))


def test_more_candidates_fit_the_words_no_worse(atelier: Atelier, engine: Engine) -> None:
    def fit(count: int) -> float:
        chosen = atelier.embeddings(Variant(label="n", candidates=count))
        words = atelier.embeddings(Variant(label="words", source="words"))
        return sum(np.vdot(z, w) for z, w in zip(chosen, words, strict=True) if z is not None and w is not None)

    assert fit(8) > fit(1)


def test_another_preset_leaves_the_engine_alone(engine: Engine) -> None:
    changed = with_prior(engine, candidates=7, guidance=9.0)
    assert (changed.manifest.stages.prior.candidates, changed.manifest.stages.prior.guidance) == (7, 9.0)
    assert engine.manifest.stages.prior.candidates != 7
    assert engine.manifest.stages.prior.guidance != 9.0
    one = with_prior(engine, guidance=9.0).manifest.stages.prior
    assert one == replace(engine.manifest.stages.prior, guidance=9.0)
    assert changed.manifest.stages.decoder == engine.manifest.stages.decoder
    assert changed.network("text") is engine.network("text") or changed.has("text")
    assert changed.name == engine.name
    assert with_prior(engine) is engine


def test_settings_of_the_preset_are_not_repeated(engine: Engine) -> None:
    found = variants(engine.manifest)
    assert found[0] == PRESET
    labels = [variant.label for variant in found]
    assert len(set(labels)) == len(labels)
    settings = [(v.source, v.prior, v.candidates, v.insistence, decoder_preset(engine.manifest, v)) for v in found]
    assert len({str(one) for one in settings}) == len(found)
    assert not any("." in label for label in labels), "dots part the names of scores"


def test_the_shipped_presets_leave_all_that_is_asked_for(engine: Engine) -> None:
    stages = engine.manifest.stages
    manifest = replace(
        engine.manifest,
        stages=replace(
            stages,
            prior=replace(stages.prior, candidates=2, guidance=2.0),
            decoder=replace(stages.decoder, steps=20, guidance=3.0),
        ),
    )
    labels = {variant.label for variant in variants(manifest)}
    assert {"guidance 1", "guidance 2", "guidance 5", "5 steps", "10 steps", "40 steps"} <= labels
    assert {"prior, best of 1", "prior, best of 4"} <= labels
    assert {"prior's guidance 1", "prior's guidance 4"} <= labels
    assert not {"guidance 3", "prior's guidance 2", "prior, best of 2"} & labels


def test_the_priors_guidance_changes_its_embeddings_alone(engine: Engine) -> None:
    atelier = Atelier(engine, ["an apple"], repeats=1, seed=0)
    plain, again, guided = (
        np.concatenate(atelier.embeddings(Variant(label="x", insistence=scale)))  # type: ignore[arg-type]
        for scale in (1.0, 1.0, 4.0)
    )
    assert np.array_equal(plain, again)
    assert np.abs(plain - guided).max() > 1e-3
    assert np.linalg.norm(guided, axis=1) == pytest.approx(1.0, abs=1e-4)
