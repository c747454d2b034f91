from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sfumato.pipeline.decoder import Condition, decoder_batches, sample_decoder, to_picture
from sfumato.pipeline.prior import Caption
from sfumato.pipeline.watch import SILENT, Watch
from support.fake_engine import FakeEngine, floats
from support.tiny_bundle import DECODER, SHAPE, tiny_manifest

C, S, E = SHAPE.C, SHAPE.S, SHAPE.E
CAPTION = Caption(
    z_txt=floats(1, E),
    txt_feats=floats(1, SHAPE.L, SHAPE.D),
    txt_mask=np.ones((1, SHAPE.L), np.int64),
)


def test_drawing_conditions_on_embedding_and_caption_and_repaints_all() -> None:
    z_img = floats(1, E, seed=4)
    inputs = Condition(z_img=z_img, caption=CAPTION).inputs(tiny_manifest().space)
    np.testing.assert_array_equal(inputs["z_img"], z_img)
    assert [inputs["keep_z"].item(), inputs["keep_txt"].item()] == [1, 1]
    assert inputs["known"].shape == (1, C, S, S)
    assert not inputs["known"].any()
    assert inputs["mask"].shape == (1, 1, 64, 64)
    assert inputs["mask"].all()


def test_without_an_embedding_it_is_dropped_and_so_can_the_caption() -> None:
    inputs = Condition(z_img=None, caption=CAPTION, use_caption=False).inputs(tiny_manifest().space)
    assert [inputs["keep_z"].item(), inputs["keep_txt"].item()] == [0, 0]
    assert inputs["z_img"].shape == (1, E)


def test_known_picture_and_mask_are_handed_on() -> None:
    known, mask = floats(1, C, S, S), np.zeros((1, 1, 64, 64), np.float32)
    inputs = Condition(z_img=None, caption=CAPTION, known=known, mask=mask).inputs(tiny_manifest().space)
    assert inputs["known"] is known
    assert inputs["mask"] is mask


def test_guided_rows_are_conditional_then_dropped() -> None:
    engine = FakeEngine(tiny_manifest(), decoder=lambda x_t, **_: {"x_0": x_t})
    condition = Condition(z_img=floats(1, E), caption=CAPTION)
    x_0 = sample_decoder(engine, condition, DECODER, seed=3, watch=Watch(SILENT))
    assert x_0.shape == (1, C, S, S)
    assert len(engine.calls) == DECODER.steps
    for _, inputs in engine.calls:
        assert inputs["keep_z"].tolist() == inputs["keep_txt"].tolist() == [1, 0]
        np.testing.assert_array_equal(inputs["x_t"][0], inputs["x_t"][1])


@pytest.mark.parametrize(("kind", "limit"), [("pixel", 1.0), ("latent", 9.0)])
def test_only_pixels_are_limited(kind: str, limit: float) -> None:
    manifest = tiny_manifest(kind="pixel" if kind == "pixel" else "latent")
    engine = FakeEngine(manifest, decoder=lambda x_t, **_: {"x_0": np.full_like(x_t, 9)})
    condition = Condition(z_img=None, caption=CAPTION)
    x_0 = sample_decoder(engine, condition, DECODER, seed=3, watch=Watch(SILENT))
    np.testing.assert_allclose(x_0, limit, rtol=1e-5)


def test_latents_become_pictures_and_pixels_stay() -> None:
    watch = Watch(SILENT)
    latent = FakeEngine(
        tiny_manifest(), space_decoder=lambda x_0: {"picture": np.full((1, 4, 64, 64), 2, np.float32)}
    )
    assert to_picture(latent, floats(1, C, S, S), watch=watch).max() == 1.0
    assert "space" in watch.seconds
    x_0 = floats(1, 4, 64, 64)
    picture = to_picture(FakeEngine(tiny_manifest(kind="pixel")), x_0, watch=Watch(SILENT))
    np.testing.assert_array_equal(picture, np.clip(x_0, -1, 1))


def test_batches_to_make_ready() -> None:
    assert decoder_batches(DECODER) == (2,)
    assert decoder_batches(replace(DECODER, guidance=1.0)) == (1,)
    assert decoder_batches(replace(DECODER, interval=(0.1, 0.9))) == (2, 1)
