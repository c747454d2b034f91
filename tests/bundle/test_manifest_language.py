"""What a manifest says of a language model: optional, whole, and checked."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from sfumato.bundle.decode import FieldError
from sfumato.bundle.manifest import MANIFEST, LanguageShape, Manifest
from sfumato.bundle.store import Bundle, write_manifest
from sfumato.errors import BundleError
from support.speaking_bundle import make_speaking_bundle
from support.tiny_bundle import tiny_manifest

CACHE = (4, 2, 8, 36, 32)


def shape(**changes: Any) -> LanguageShape:
    return LanguageShape(**{"words": "language.tsv", "cache": CACHE, "picture_tokens": 4, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cache": (4, 2, 8, 0, 32)}, "cache"),
        ({"cache": (4, 3, 8, 36, 32)}, "cache"),
        ({"picture_tokens": 0}, "picture_tokens"),
        ({"picture_tokens": 35}, "picture_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 11}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        shape(**changes)
    assert caught.value.path == field


def test_places_are_the_caches() -> None:
    assert shape().places == 36


def test_a_bundle_without_one_needs_nothing_more() -> None:
    manifest = tiny_manifest()
    assert manifest.language is None
    assert "language" not in manifest.required_graphs()


def test_with_one_its_graph_and_words_are_needed() -> None:
    with pytest.raises(FieldError, match=r"graphs\.language"):
        dataclasses.replace(tiny_manifest(), language=shape())


def test_there_and_back(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_speaking_bundle(tiny_bundle, tmp_path / "speaking")
    manifest = Manifest.read(folder / MANIFEST)
    assert manifest.language is not None
    assert manifest.language.cache == (1, 2, 2, 18, 8)
    assert "language.tsv" in manifest.required_files()
    assert Bundle.open(folder).file("language.tsv").is_file()


def test_words_that_are_not_there_are_noticed(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_speaking_bundle(tiny_bundle, tmp_path / "speaking")
    (folder / "language.tsv").unlink()
    with pytest.raises(BundleError, match=r"language\.tsv is missing; export every graph"):
        write_manifest(folder, Manifest.read(folder / MANIFEST))
    with pytest.raises(BundleError, match=r"language\.tsv cannot be read"):
        Bundle.open(folder).file("language.tsv")


def test_a_manifest_that_forgets_to_list_them_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = make_speaking_bundle(tiny_bundle, tmp_path / "speaking")
    path = folder / MANIFEST
    data = json.loads(path.read_text())
    del data["files"]["language.tsv"]
    path.write_text(json.dumps(data))
    with pytest.raises(BundleError, match=r"files\.language\.tsv is missing"):
        Manifest.read(path)
