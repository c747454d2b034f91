"""Many embeddings at a time: the same as one by one, of unit norm, whatever the count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.engine.choose import open_engine
from sfumato.errors import InputError
from sfumato.pipeline.embed import BATCH, embed_names, embed_pictures, embed_texts, embed_words
from sfumato.pipeline.model import Model, load_model
from sfumato.pipeline.prior import encode_picture, encode_text, unit
from sfumato.pipeline.watch import SILENT, Watch


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(open_engine("openvino", tiny_bundle, threads=1, precision="f32"))


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (count, 4, 64, 64)).astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, BATCH, BATCH + 3])
def test_pictures_are_embedded_as_one_by_one(model: Model, count: int) -> None:
    given = pictures(count)
    z = embed_pictures(model, given)
    assert (z.shape, z.dtype) == ((count, model.manifest.embedding.dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    for row, picture in zip(z, given, strict=True):
        np.testing.assert_allclose(row, encode_picture(model.engine, picture[None])[0], atol=1e-4)


@pytest.mark.parametrize("count", [1, BATCH + 1])
def test_texts_are_embedded_as_one_by_one(model: Model, count: int) -> None:
    texts = [f"a {'red ' * (k % 5)}cat" for k in range(count)]
    z = embed_texts(model, texts)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    for row, text in zip(z, texts, strict=True):
        caption = encode_text(model.engine, model.tokenizer(text), watch=Watch(SILENT))
        np.testing.assert_allclose(row, caption.z_txt[0], atol=1e-4)


def test_no_batch_has_more_than_two_sizes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size is a compilation: a folder of any length must not bring a new one."""
    seen: set[int] = set()
    network = model.engine.network("image")

    def counted(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        seen.add(len(inputs["picture"]))
        return network(**inputs)

    monkeypatch.setattr(model.engine, "network", lambda _name: counted)
    for count in (1, 2, 7, BATCH, BATCH + 1, 2 * BATCH + 5):
        assert len(embed_pictures(model, pictures(count))) == count
    assert seen == {1, BATCH}


def test_a_name_is_the_mean_of_what_it_is_said_in(model: Model) -> None:
    templates = ("{}", "a red {}", "a {} asleep")
    z = embed_names(model, ["cat", "fox"], templates)
    for row, name in zip(z, ("cat", "fox"), strict=True):
        said = embed_texts(model, [template.replace("{}", name) for template in templates])
        np.testing.assert_allclose(row, unit(said.mean(axis=0, keepdims=True))[0], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)


def test_braces_in_a_name_are_letters(model: Model) -> None:
    np.testing.assert_allclose(embed_names(model, ["a {x} cat"], ["{}"]), embed_texts(model, ["a {x} cat"]), atol=1e-6)


@pytest.mark.parametrize("words", ["", "  ", "x" * 1001, "a\x00b"])
def test_words_that_cannot_be_read(model: Model, words: str) -> None:
    with pytest.raises(InputError, match="The text "):
        embed_words(model, words)
