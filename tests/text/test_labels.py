"""What may be asked of a picture: each refusal is one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import InputError
from sfumato.text.labels import MAX_LABELS, check_templates, opposite, read_labels

WORDS = st.text("abcdefgh ", min_size=1, max_size=12).filter(lambda word: bool(word.strip()))


def refused(labels: Sequence[object], *words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_labels(labels)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_plain_labels_are_kept_in_their_order() -> None:
    labels = read_labels(["a dog", " a cat ", "An Owl"])
    assert labels.names == ("a dog", "a cat", "An Owl")
    assert labels.denied is None


@pytest.mark.parametrize(
    ("labels", "denied", "asked"),
    [
        (["a hot dog", "not a hot dog"], 1, "a hot dog"),
        (["not a hot dog", "a hot dog"], 0, "a hot dog"),
        (["hot dog", "not a hot dog"], 1, "hot dog"),
        (["A Hot  Dog", "NOT hot dog"], 1, "A Hot  Dog"),
        (["a hat", "no hat"], 1, "a hat"),
        (["a hat", "without a hat"], 1, "a hat"),
        (["a hat", "anything but a hat"], 1, "a hat"),
        (["a hat", "isn't a hat"], 1, "a hat"),
        (["smoking", "no smoking"], 1, "smoking"),
    ],
)
def test_a_thing_and_its_opposite(labels: list[str], denied: int, asked: str) -> None:
    found = read_labels(labels)
    assert (found.denied, found.asked) == (denied, asked)
    assert found.names == tuple(labels)


@pytest.mark.parametrize(
    ("label", "bare"),
    [
        ("not a hot dog", "hot dog"),
        ("no entry", "entry"),
        ("Not The Moon", "moon"),
        ("a knot", None),
        ("noble gas", None),
        ("not", None),
        ("no ", None),
        ("a hot dog", None),
    ],
)
def test_what_is_denied(label: str, bare: str | None) -> None:
    assert opposite(label) == bare


@pytest.mark.parametrize("labels", [["no entry", "a stop sign"], ["no smoking", "no bicycles", "a stop sign"]])
def test_names_of_signs_deny_nothing(labels: list[str]) -> None:
    assert read_labels(labels).denied is None


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], ("no label",)),
        (["a cat"], ("'a cat'", "'not a cat'")),
        (["not a cat"], ("'not a cat'", "'cat'")),
        (["a cat", ""], ("label is empty",)),
        (["a cat", "  "], ("label is empty",)),
        (["a cat", 5], ("label is empty",)),
        (["a cat", "a\x00dog"], ("label", "U+0000")),
        (["a cat", "x" * 1001], ("label", "1001")),
        (["a cat", "a dog", "A  CAT"], ("'A  CAT'", "twice")),
        (["not a cat", "not a cat"], ("twice",)),
        (["a dog", "not a cat"], ("'not a cat'", "'cat'", "nothing else")),
        (["a cat", "a dog", "not a cat"], ("'not a cat'", "nothing else")),
        (["not a cat", "not a dog"], ("'not a cat'", "nothing else")),
        ([f"label {k}" for k in range(MAX_LABELS + 1)], (str(MAX_LABELS + 1), str(MAX_LABELS))),
    ],
)
def test_what_cannot_be_asked(labels: list[object], words: tuple[str, ...]) -> None:
    refused(labels, *words)


@given(WORDS, WORDS)
def test_any_thing_has_an_opposite(word: str, prefix: str) -> None:
    found = read_labels([word, f"not {word}"])
    assert (found.denied, found.asked) == (1, word.strip())
    if opposite(prefix) is None and prefix.split() != word.split():
        assert read_labels([word, prefix]).denied is None


def test_plain_labels_have_no_asked_one() -> None:
    with pytest.raises(AssertionError):
        _ = read_labels(["a cat", "a dog"]).asked


def test_templates_are_kept() -> None:
    assert check_templates(["{}", "a sticker of {}"]) == ("{}", "a sticker of {}")


@pytest.mark.parametrize(
    ("templates", "word"),
    [
        ([], "no template"),
        (["a sticker"], "'a sticker'"),
        (["{} and {}"], "{}"),
        ([""], "empty"),
        (["a\x07{}"], "U+0007"),
    ],
)
def test_templates_need_their_place(templates: list[str], word: str) -> None:
    with pytest.raises(InputError) as caught:
        check_templates(templates)
    assert word in str(caught.value)
