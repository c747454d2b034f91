"""Probabilities of labels: against the formulas, and through the networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato import Sfumato
from sfumato.bundle.manifest import Embedding
from sfumato.errors import InputError
from sfumato.pipeline.classify import probabilities, softmax
from sfumato.text.labels import read_labels

EMBEDDING = Embedding(dim=4, scale=1.0, logit_scale=10.0, threshold=0.4)
PAIR = read_labels(["a fox", "not a fox"])
PLAIN = read_labels(["a fox", "a cat", "a star"])
COSINE = st.floats(-1, 1, width=32)


def cosines(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


@given(st.lists(st.tuples(COSINE, COSINE, COSINE), min_size=1, max_size=4))
def test_plain_labels_are_a_softmax_at_the_trained_temperature(rows: list[tuple[float, float, float]]) -> None:
    p = probabilities(cosines(*map(list, rows)), PLAIN, EMBEDDING)
    for found, row in zip(p, rows, strict=True):
        raised = np.exp(10 * np.array(row, np.float64))
        np.testing.assert_allclose(found, raised / raised.sum(), rtol=1e-3, atol=1e-6)


@given(COSINE)
def test_a_thing_and_its_opposite_are_a_logistic_curve(cosine: float) -> None:
    p = probabilities(cosines([cosine]), PAIR, EMBEDDING)[0]
    expected = 1 / (1 + np.exp(-10 * (cosine - 0.4)))
    assert p[0] == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert p.sum() == pytest.approx(1)


def test_at_the_threshold_both_are_as_likely() -> None:
    assert probabilities(cosines([0.4]), PAIR, EMBEDDING)[0] == pytest.approx([0.5, 0.5])


def test_the_opposite_may_come_first() -> None:
    turned = read_labels(["not a fox", "a fox"])
    given = cosines([0.9], [0.1])
    one, other = (probabilities(given, labels, EMBEDDING) for labels in (PAIR, turned))
    np.testing.assert_array_equal(one, other[:, ::-1])
    assert one[0, 0] > 0.9
    assert one[1, 1] > 0.9


def test_large_numbers_do_not_overflow() -> None:
    p = softmax(np.array([[1e4, -1e4, 0.0]], np.float32))
    np.testing.assert_array_equal(p, [[1, 0, 0]])


@pytest.fixture(scope="module")
def painter(tiny_bundle: Path) -> Sfumato:
    return Sfumato(tiny_bundle, threads=1, precision="f32")


def disc(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 60, 4), dtype=np.uint8)


def test_the_facade_says_what_the_embeddings_say(painter: Sfumato) -> None:
    labels = ["a red cat", "a blue star", "two green hats"]
    picture = disc(1)
    found = painter.classify(picture, labels)
    similarity = [float(painter.embed(picture) @ painter.embed(label)) for label in labels]
    expected = softmax(np.array([similarity], np.float32) * 11.47)[0]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-3)
    assert found.labels == tuple(labels)
    assert found.best == labels[int(np.argmax(similarity))]


def test_the_order_of_labels_changes_nothing(painter: Sfumato) -> None:
    labels = ["a red cat", "a blue star", "two green hats"]
    one, other = (painter.classify(disc(2), order) for order in (labels, labels[::-1]))
    paired = dict(zip(other.labels, other.probabilities, strict=True))
    assert [paired[label] for label in labels] == pytest.approx(one.probabilities, abs=1e-4)


def test_only_the_thing_itself_is_looked_for(painter: Sfumato) -> None:
    """"not a cat" is never read by the text tower, so how the denial is worded cannot matter."""
    pairs = (["a cat", "not a cat"], ["a cat", "no cat"], ["a cat", "anything but a cat"])
    found = [painter.classify(disc(3), pair).probabilities for pair in pairs]
    assert found[0] == found[1] == found[2]
    cosine = float(painter.embed(disc(3)) @ painter.embed("a cat"))
    assert found[0][0] == pytest.approx(1 / (1 + np.exp(-11.47 * (cosine - 0.39))), abs=1e-3)


def test_templates_are_what_a_label_is_said_in(painter: Sfumato) -> None:
    said = painter.classify(disc(4), ["cat", "fox"], templates=["a red {}"])
    plain = painter.classify(disc(4), ["a red cat", "a red fox"])
    assert said.probabilities == pytest.approx(plain.probabilities, abs=1e-5)
    assert said.labels == ("cat", "fox")
    both = painter.classify(disc(4), ["cat", "fox"], templates=["a red {}", "{}"])
    assert both.probabilities != said.probabilities


def test_a_classifier_is_used_many_times(painter: Sfumato) -> None:
    ask = painter.classifier(["a cat", "a fox"])
    assert ask(disc(5)) == painter.classify(disc(5), ["a cat", "a fox"])
    assert ask(disc(6)) != ask(disc(5))


@pytest.mark.parametrize("labels", [[], ["a cat"], ["a cat", "a cat"], ["a cat", ""], ["a dog", "not a cat"]])
def test_bad_labels_are_refused(painter: Sfumato, labels: list[str]) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        painter.classify(disc(0), labels)


def test_bad_templates_and_pictures_are_refused(painter: Sfumato, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs \{\} once"):
        painter.classify(disc(0), ["a cat", "a fox"], templates=["a sticker"])
    with pytest.raises(InputError, match="no picture"):
        painter.classify(tmp_path / "none.png", ["a cat", "a fox"])


def test_embeddings_of_words_and_pictures(painter: Sfumato, tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415

    z = painter.embed(disc(7))
    assert z.shape == painter.embed("a cat").shape
    assert np.linalg.norm(z) == pytest.approx(1, abs=1e-5)
    Image.fromarray(disc(7)).save(tmp_path / "disc.png")
    np.testing.assert_allclose(painter.embed(tmp_path / "disc.png"), z, atol=1e-6)
    with pytest.raises(InputError, match="text is empty"):
        painter.embed(" ")
