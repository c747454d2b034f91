"""The language model on its way into a bundle: optional, with its words, the same on both engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato import Sfumato
from sfumato.bundle.manifest import MANIFEST, Manifest
from sfumato.text.vocabulary import Vocabulary
from sfumato_train import export as exporting
from sfumato_train.export import WORDS, ExportOptions, export, read_stages
from sfumato_train.recipes.tiny import tiny
from support.networks import LANGUAGE, tiny_networks, write_checkpoints


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoints(tmp_path_factory.mktemp("runs"), tiny_networks())


@pytest.fixture(scope="module")
def silent_runs(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a language model."""
    some = tmp_path_factory.mktemp("silent")
    for stage in runs.iterdir():
        if stage.name != "language":
            (some / stage.name).symlink_to(stage)
    return some


@pytest.fixture(scope="module")
def bundle(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what is asked for here is converted; the large pictures' network is not."""
    out = tmp_path_factory.mktemp("bundle") / "tiny"
    export(tiny(), runs, out, options=ExportOptions(weights="f16", with_weights=True))
    return out


def test_it_is_a_stage_where_it_was_trained(runs: Path, silent_runs: Path) -> None:
    assert "language" in read_stages(tiny(), runs)
    assert "language" not in read_stages(tiny(), silent_runs)


def test_a_bundle_without_it_says_nothing_of_it(
    silent_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_graph: object, target: Path, **_options: object) -> None:
        target.write_text("<net/>")
        target.with_suffix(".bin").write_bytes(b"")

    monkeypatch.setattr(exporting, "write_graph", write)
    manifest = export(tiny(), silent_runs, tmp_path / "out", options=ExportOptions())
    assert manifest.language is None
    assert not (tmp_path / "out" / WORDS).exists()


def test_the_words_and_sizes_are_the_networks(bundle: Path) -> None:
    manifest = Manifest.read(bundle / MANIFEST)
    assert manifest.language is not None
    assert manifest.language.cache == LANGUAGE.cache_shape
    assert manifest.language.picture_tokens == LANGUAGE.picture_tokens
    words = Vocabulary.read(bundle / manifest.language.words)
    assert len(words) == LANGUAGE.vocabulary
    assert words.pieces[:4] == ("[UNK]", "[CLS]", "[SEP]", "the")


def test_both_engines_say_the_same(bundle: Path) -> None:
    """f16 against f32: with random weights all words are nearly as likely, so that long sentences part at last."""
    openvino = Sfumato(bundle, threads=1, precision="f32")
    torch = Sfumato(bundle, engine="torch", threads=1)
    pairs = [(openvino.suggest(seed=seed)[0], torch.suggest(seed=seed)[0]) for seed in range(8)]
    assert sum(one.split()[:4] == other.split()[:4] for one, other in pairs) >= 6
    picture = np.full((64, 64, 4), 200, np.uint8)
    one, other = (model.describe(picture, n=8) for model in (openvino, torch))
    begun = [{tuple(each.text.split()[:4]) for each in found} for found in (one, other)]
    assert begun[0] & begun[1]
    assert one[0].text.split()[:4] == other[0].text.split()[:4]
