from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sfumato.bundle.decode import FieldError
from sfumato.bundle.manifest import Manifest, Space, StagePreset
from sfumato.errors import BundleError
from support.tiny_bundle import tiny_manifest

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def edited(tiny_bundle: Path, tmp_path: Path) -> Callable[[Edit], Path]:
    """Writes the tiny model's manifest after a change to its JSON."""

    def write(edit: Edit) -> Path:
        data = json.loads((tiny_bundle / "manifest.json").read_text("utf-8"))
        edit(data)
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(data), "utf-8")
        return path

    return write


def test_written_manifest_reads_back_equal(tiny_bundle: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(tiny_bundle / "manifest.json")
    manifest.write(tmp_path / "again.json")
    assert Manifest.read(tmp_path / "again.json") == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["again.json"]


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda d: d.pop("name"), "name"),
        (lambda d: d.update(name="../evil"), "name"),
        (lambda d: d.update(version=""), "version"),
        (lambda d: d.update(sizes=[]), "sizes"),
        (lambda d: d.update(extra=1), "extra"),
        (lambda d: d["embedding"].update(dim=0), "embedding.dim"),
        (lambda d: d["embedding"].update(scale=-1), "embedding.scale"),
        (lambda d: d["embedding"].update(logit_scale=0), "embedding.logit_scale"),
        (lambda d: d["embedding"].update(threshold=2), "embedding.threshold"),
        (lambda d: d["text"].update(max_tokens=2), "text.max_tokens"),
        (lambda d: d["space"].update(kind="wavelet"), "space.kind"),
        (lambda d: d["space"].update(channels=0), "space.channels"),
        (lambda d: d["stages"]["decoder"].update(steps=0), "stages.decoder.steps"),
        (lambda d: d["stages"]["decoder"].update(sampler="magic"), "stages.decoder.sampler"),
        (lambda d: d["stages"]["prior"].update(schedule="magic"), "stages.prior.schedule"),
        (lambda d: d["stages"]["prior"].update(interval=[1, 0]), "stages.prior.interval"),
        (lambda d: d["stages"]["prior"].update(candidates=0), "stages.prior.candidates"),
        (lambda d: d["stages"].pop("upsampler_256"), "stages.upsampler_256"),
        (lambda d: d["stages"].pop("upsampler_1024"), "stages.upsampler_1024"),
        (lambda d: d["graphs"].pop("text"), "graphs.text"),
        (lambda d: d["graphs"].pop("space_decoder"), "graphs.space_decoder"),
        (lambda d: d["graphs"].pop("upsampler_1024"), "graphs.upsampler_1024"),
        (lambda d: d["graphs"]["text"].update(file="text.pkl"), "graphs.text.file"),
        (lambda d: d["graphs"]["text"].update(file="../text.xml"), "files.../text.xml"),
        (lambda d: d["files"].pop("text.bin"), "files.text.bin"),
        (lambda d: d["files"].pop("tokenizer.json"), "files.tokenizer.json"),
        (lambda d: d["files"]["text.bin"].update(sha256="beef"), "files.text.bin.sha256"),
        (lambda d: d["files"].update({"/etc/passwd": d["files"]["text.bin"]}), "files./etc/passwd"),
        (lambda d: d["files"].update({"a/../b": d["files"]["text.bin"]}), "files.a/../b"),
    ],
)
def test_what_is_wrong_is_named(edited: Callable[[Edit], Path], edit: Edit, field: str) -> None:
    with pytest.raises(BundleError) as caught:
        Manifest.read(edited(edit))
    assert f", {field} " in str(caught.value)


@pytest.mark.parametrize("found", [2, "1", None, True + 1])
def test_other_formats_are_refused_first(edited: Callable[[Edit], Path], found: object) -> None:
    with pytest.raises(BundleError, match="reads format 1"):
        Manifest.read(edited(lambda d: d.update(format=found, unheard_of=1)))


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "[" * 100_000, "\x00"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content, "utf-8")
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Manifest.read(path)


def test_missing_and_huge_manifests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        Manifest.read(tmp_path / "manifest.json")
    (tmp_path / "big.json").write_bytes(b" " * (1 << 20) + b"{}")
    with pytest.raises(BundleError, match="larger than"):
        Manifest.read(tmp_path / "big.json")


def test_a_model_that_stops_at_256_needs_no_large_upsampler() -> None:
    manifest = tiny_manifest(kind="pixel")
    graphs = {name: graph for name, graph in manifest.graphs.items() if name != "upsampler_1024"}
    small = replace(
        manifest, sizes=(256,), graphs=graphs, stages=replace(manifest.stages, upsampler_1024=None)
    )
    assert "upsampler_1024" not in small.required_graphs()
    assert "space_decoder" not in small.required_graphs()


def test_pixel_space_has_the_pictures_shape() -> None:
    with pytest.raises(FieldError, match="4 channels at size 64"):
        Space(kind="pixel", channels=3, size=64)


def test_presets_default_to_no_guidance_over_all_times() -> None:
    preset = StagePreset(schedule="flow", sampler="euler", steps=2)
    assert (preset.guidance, preset.interval, preset.shift, preset.candidates) == (1.0, (0.0, 1.0), 1.0, 1)


def test_the_first_models_manifest_says_nothing_of_probabilities(edited: Callable[[Edit], Path]) -> None:
    def forget(data: dict[str, Any]) -> None:
        del data["embedding"]["logit_scale"], data["embedding"]["threshold"]

    embedding = Manifest.read(edited(forget)).embedding
    assert (embedding.logit_scale, embedding.threshold) == (11.47, 0.39)
