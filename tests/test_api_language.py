"""The facade's words: any picture described, prompts suggested, through a real graph of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato import Sfumato
from sfumato.errors import BundleError, Cancelled, InputError
from sfumato.types import Description
from support.speaking_bundle import make_speaking_bundle


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_speaking_bundle(tiny_bundle, tmp_path_factory.mktemp("models") / "speaking")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Sfumato:
    return Sfumato(bundle, threads=1)


@pytest.fixture
def pixels() -> Any:
    return np.random.default_rng(3).integers(0, 256, (40, 60, 4), dtype=np.uint8)



def test_a_file_and_its_array_get_the_same_words(model: Sfumato, pixels: Any, tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(pixels).save(path)
    found = model.describe(path, n=3)
    assert found == model.describe(pixels, n=3) == model.describe(path.read_bytes(), n=3)
    assert len(found) == 3
    assert all(isinstance(one, Description) and -1 <= one.score <= 1 for one in found)


def test_other_pictures_get_other_words(model: Sfumato, pixels: Any) -> None:
    white, black = (np.full((64, 64, 3), shade, np.uint8) for shade in (255, 0))
    said = [tuple(model.describe(picture, n=2)) for picture in (pixels, white, black)]
    assert len(set(said)) > 1


def test_descriptions_can_be_drawn(model: Sfumato, pixels: Any) -> None:
    (said,) = model.describe(pixels)
    (picture,) = model.draw(said.text, seed=1, size=256)
    assert picture.settings.prompt == said.text


@pytest.mark.parametrize("seed", [0, 5, 2**62])
def test_a_suggestion_is_its_seeds(bundle: Path, model: Sfumato, seed: int) -> None:
    together = model.suggest(n=3, seed=seed)
    assert together == Sfumato(bundle, threads=1).suggest(n=3, seed=seed)
    assert len(set(together)) == 3
    assert model.suggest(seed=seed + 1)[0] in together[:2]


def test_suggestions_are_words_and_differ_from_seed_to_seed(model: Sfumato) -> None:
    found = [model.suggest(seed=seed)[0] for seed in range(8)]
    assert len(set(found)) > 2


def test_without_a_seed_they_differ(model: Sfumato) -> None:
    assert len({model.suggest(temperature=2)[0] for _ in range(6)}) > 1


def test_the_users_words_stand_first(model: Sfumato) -> None:
    for text in model.suggest("A Zorblax, blue", n=3, seed=2):
        assert text.startswith("A Zorblax, blue")
        assert len(text) > len("A Zorblax, blue")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "number of descriptions 0 cannot be used; give a whole number from 1 to 20"),
        ({"n": 21}, "number of descriptions 21"),
        ({"n": True}, "number of descriptions True"),
    ],
)
def test_bad_counts_of_descriptions(model: Sfumato, pixels: Any, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        model.describe(pixels, **arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 0}, "number of suggestions 0"),
        ({"n": 101}, "number of suggestions 101"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63 - 1, "n": 2}, "seed 9223372036854775807"),
        ({"seed": 1.0}, r"seed 1\.0"),
        ({"temperature": -1}, "temperature -1 cannot be used; give a number from 0 to 2"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"temperature": "hot"}, "temperature 'hot'"),
        ({"start": "a\x07b"}, "control character"),
        ({"start": "cat " * 100}, "shorten it to a few words"),
    ],
)
def test_bad_arguments_of_suggestions(model: Sfumato, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        model.suggest(**arguments)
    assert "\n" not in str(caught.value)


def test_a_picture_that_is_none(model: Sfumato, tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("a cat")
    for source in (tmp_path / "words.png", tmp_path / "nowhere.png", b"", np.zeros((4, 4), complex)):
        with pytest.raises(InputError):
            model.describe(source)


def test_without_a_language_model_it_says_so_before_the_picture_is_read(tiny_bundle: Path) -> None:
    model = Sfumato(tiny_bundle, threads=1)
    for ask in (lambda: model.describe("nowhere.png"), lambda: model.suggest("a cat")):
        with pytest.raises(BundleError, match="The model tiny has no language model; choose another model"):
            ask()


def test_both_can_be_stopped(model: Sfumato, pixels: Any) -> None:
    with pytest.raises(Cancelled):
        model.describe(pixels, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        model.suggest(cancelled=lambda: True)


def test_damaged_words_are_noticed(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_speaking_bundle(tiny_bundle, tmp_path / "speaking")
    with (folder / "language.tsv").open("a") as file:
        file.write("more\t1\t\n")
    with pytest.raises(BundleError, match="differs from what its manifest promises"):
        Sfumato(folder, threads=1).suggest(seed=0)
