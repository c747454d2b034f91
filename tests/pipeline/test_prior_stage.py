from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfumato.bundle.manifest import Manifest
from sfumato.diffusion import rng
from sfumato.engine.base import Array
from sfumato.pipeline.prior import Caption, prior_batch, prior_prefix, sample_prior, unit
from sfumato.pipeline.watch import SILENT, Watch
from support.fake_engine import FakeEngine, floats
from support.tiny_bundle import SHAPE, tiny_manifest

L, D, E = SHAPE.L, SHAPE.D, SHAPE.E


def caption() -> Caption:
    return Caption(
        z_txt=unit(floats(1, E, seed=1)), txt_feats=floats(1, L, D), txt_mask=np.ones((1, L), np.int64)
    )


def manifest(*, guidance: float = 1.0, candidates: int = 2) -> Manifest:
    tiny = tiny_manifest()
    prior = replace(tiny.stages.prior, guidance=guidance, candidates=candidates)
    return replace(tiny, stages=replace(tiny.stages, prior=prior))


def prefix_of(keep_txt: Array, **_: Array) -> dict[str, Array]:
    whole = np.broadcast_to(keep_txt[None, None, :, None, None, None], (3, 2, 1, 2, L + 1, 4))
    return {"prefix": whole.astype(np.float32), "prefix_mask": np.ones((1, L + 1), np.float32) * keep_txt[:, None]}


@pytest.mark.parametrize(("guidance", "rows"), [(1.0, [1, 1]), (2.0, [1, 1, 0, 0])])
def test_prefix_has_a_row_per_evaluation(guidance: float, rows: list[int]) -> None:
    engine = FakeEngine(manifest(guidance=guidance), prior_prefix=prefix_of)
    prefix = prior_prefix(engine, caption())
    assert prefix["prefix"].shape == (3, 2, len(rows), 2, L + 1, 4)
    assert prefix["prefix"][0, 0, :, 0, 0, 0].tolist() == rows
    assert prefix["prefix_mask"][:, 0].tolist() == rows
    assert prior_batch(engine) == len(rows)
    assert len(engine.calls) == (1 if guidance == 1.0 else 2)


def test_a_perfect_prior_gives_its_embedding_back_at_unit_norm() -> None:
    goal = unit(floats(1, E, seed=5))
    tiny = manifest()
    engine = FakeEngine(tiny, prior_step=lambda z_t, **_: {"z_0": np.repeat(goal * tiny.embedding.scale, 2, 0)})
    z_img = sample_prior(engine, caption(), {}, seed=0, watch=Watch(SILENT))
    np.testing.assert_allclose(z_img, goal, atol=1e-5)


def test_the_candidate_nearest_to_the_text_is_kept() -> None:
    said = caption()
    near, far = said.z_txt, -said.z_txt
    for order in ([near, far], [far, near]):
        goals = np.concatenate(order) * manifest().embedding.scale
        engine = FakeEngine(manifest(), prior_step=lambda goals=goals, **_: {"z_0": goals})
        np.testing.assert_allclose(sample_prior(engine, said, {}, seed=0, watch=Watch(SILENT)), near, atol=1e-5)


def test_steps_see_the_seeds_noise_and_the_prefix() -> None:
    engine = FakeEngine(manifest(), prior_step=lambda z_t, **_: {"z_0": z_t})
    sample_prior(engine, caption(), {"prefix": floats(1)}, seed=11, watch=Watch(SILENT))
    _, first = engine.calls[0]
    np.testing.assert_array_equal(first["z_t"], rng.normal(11, (2, E), stream=rng.PRIOR))
    assert first["t"].tolist() == [1.0, 1.0]
    assert first["prefix"].shape == (1,)


def test_guidance_compares_with_the_dropped_caption() -> None:
    kept, dropped = unit(floats(1, E, seed=2)), unit(floats(1, E, seed=3))
    rows = np.concatenate([kept, kept, dropped, dropped]) * manifest().embedding.scale
    engine = FakeEngine(manifest(guidance=2.0), prior_step=lambda **_: {"z_0": rows})
    z_img = sample_prior(engine, caption(), {}, seed=0, watch=Watch(SILENT))
    np.testing.assert_allclose(z_img, unit(2 * kept - dropped), atol=1e-5)
    assert engine.calls[0][1]["z_t"].shape == (4, E)


def test_unit_survives_zero() -> None:
    assert not np.isnan(unit(np.zeros((1, 3), np.float32))).any()
