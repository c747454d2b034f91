"""Export: the graphs agree with the networks, the bundle is whole, and nothing half-written stays."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle, fingerprint
from sfumato.engine.core import core
from sfumato.errors import InputError, OutputError
from sfumato.networks.graphs import Graph, graphs
from sfumato_train import export as exporting
from sfumato_train.cli import main
from sfumato_train.context import minilm_folder
from sfumato_train.export import KEEP_F16, ExportOptions, convert, export, stage_names, write_graph
from sfumato_train.quiet import quiet
from sfumato_train.recipes.tiny import tiny
from support.networks import tiny_networks, write_checkpoints

Arrays = dict[str, np.ndarray[Any, Any]]
# Largest root mean square of the difference, as a share of that of the output.
F32, F16, INT8, BF16 = 1e-4, 5e-3, 0.05, 0.05
GRAPHS = [
    "text", "image", "prior_prefix", "prior_step", "ar_prior", "language", "decoder", "space_encoder", "space_decoder",
    "upsampler_256",
]  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, Graph]:
    return graphs(tiny_networks())


def inputs(graph: Graph, batch: int) -> dict[str, torch.Tensor]:
    """The example's first row repeated and disturbed: another batch than the graph was traced with."""
    generator = torch.Generator().manual_seed(1)
    out = {}
    for name, example in graph.example.items():
        axis = 2 if name == "prefix" else 0
        value = example.narrow(axis, 0, 1).repeat_interleave(batch, axis)
        fixed = name.startswith("keep") or name in ("mask", "prefix_mask", "seen") or value.dtype == torch.long
        out[name] = value if fixed else value + 0.1 * torch.rand(value.shape, generator=generator)
    for name in ("txt_mask", "prefix_mask", "seen"):
        if name in out:
            out[name][1:, 3:5] = 0
    return out


def from_torch(graph: Graph, given: dict[str, torch.Tensor]) -> Arrays:
    made = graph.module(*given.values())
    parts = made if isinstance(made, tuple) else (made,)
    return {name: part.numpy() for name, part in zip(graph.outputs, parts, strict=True)}


def from_openvino(model: Any, graph: Graph, given: dict[str, torch.Tensor], precision: str = "f32") -> Arrays:
    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
    compiled = core().compile_model(model, "CPU", hints)
    results = compiled({name: value.numpy() for name, value in given.items()})
    return {name: results[name] for name in graph.outputs}


def distance(one: Arrays, other: Arrays) -> float:
    """The largest relative difference of an output."""
    assert one.keys() == other.keys()
    return max(float(np.sqrt(np.mean((one[name] - other[name]) ** 2) / np.mean(other[name] ** 2))) for name in one)


@pytest.mark.parametrize("name", [*GRAPHS, "upsampler_1024"])
def test_a_converted_graph_agrees_with_its_network(made: dict[str, Graph], name: str) -> None:
    batch = 1 if name == "upsampler_1024" else 3
    given = inputs(made[name], batch)
    with quiet():
        model = convert(made[name])
    assert {port.any_name for port in model.inputs} == set(given)
    found = from_openvino(model, made[name], given)
    assert distance(found, from_torch(made[name], given)) < F32


@pytest.mark.parametrize("name", GRAPHS)
def test_stored_graphs_agree_within_their_precision(made: dict[str, Graph], name: str, tmp_path: Path) -> None:
    given = inputs(made[name], 2)
    expected = from_torch(made[name], given)
    write_graph(made[name], tmp_path / "f16.xml", weights="f16")
    write_graph(made[name], tmp_path / "int8.xml", weights="int8")
    assert distance(from_openvino(tmp_path / "f16.xml", made[name], given), expected) < F16
    assert distance(from_openvino(tmp_path / "f16.xml", made[name], given, "bf16"), expected) < BF16
    int8 = distance(from_openvino(tmp_path / "int8.xml", made[name], given), expected)
    assert int8 < INT8
    if name in ("text", "image", "decoder"):
        assert int8 > 1e-5  # it was compressed
        size = [os.path.getsize(tmp_path / f"{weights}.bin") for weights in ("int8", "f16")]
        assert size[0] < 0.75 * size[1]


def test_writing_a_graph_shows_nothing_and_reports_nothing(
    made: dict[str, Graph], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import openvino_telemetry  # noqa: PLC0415

    consents: list[bool] = []
    begin = openvino_telemetry.Telemetry.init

    def watched(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        consents.append(self.consent)

    monkeypatch.setattr(openvino_telemetry.Telemetry, "init", watched)
    monkeypatch.delenv("CI", raising=False)
    write_graph(made["prior_step"], tmp_path / "a.xml", weights="int8")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert not any(consents)
    assert "CI" not in os.environ


def test_quiet_puts_everything_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CI", "before")

    def fail() -> None:
        with quiet():
            print("unheard")
            assert os.environ["CI"] == "true"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    print("heard")
    assert os.environ["CI"] == "before"
    assert capsys.readouterr().out == "heard\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoints(tmp_path_factory.mktemp("runs"), tiny_networks())


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Graphs are written as a few bytes, at no cost: what is tested is the folder. Returns the written names."""
    names: list[str] = []

    def write(graph: Graph, target: Path, *, weights: str) -> None:
        names.append(f"{target.stem} {weights}")
        target.write_text("<net/>")
        target.with_suffix(".bin").write_text(f"weights {len(graph.example)}")

    monkeypatch.setattr(exporting, "write_graph", write)
    return names


def test_a_bundle_is_whole(runs: Path, tmp_path: Path, copied: list[str]) -> None:
    heard: list[str] = []
    credit = tmp_path / "credit.md"
    credit.write_text("Painted by Ambrogio.", encoding="utf-8")
    options = ExportOptions(version="1.2.3", with_weights=True, scores={"top1": 0.5}, threshold=0.25)
    export(tiny(), runs, tmp_path / "out", options=options, attribution=credit, progress=heard.append)
    bundle = Bundle.open(tmp_path / "out")
    manifest = bundle.manifest
    assert (manifest.name, manifest.version, manifest.scores["top1"]) == ("tiny", "1.2.3", 0.5)
    assert manifest.embedding.threshold == 0.25
    assert manifest.embedding.logit_scale == pytest.approx(np.exp(2.3), rel=0.01)  # tiny networks are untrained
    assert manifest.embedding.dim == 20
    assert manifest.embedding.scale == pytest.approx(0.5375 * 20**0.5)
    assert (manifest.text.max_tokens, manifest.text.width) == (32, 24)
    assert (manifest.space.kind, manifest.space.channels, manifest.space.size) == ("latent", 6, 8)
    assert manifest.stages == tiny().preset
    assert heard == list(manifest.graphs)
    assert sorted(copied) == sorted(f"{name} {'f16' if name in KEEP_F16 else 'int8'}" for name in heard)
    present = {path.name for path in (tmp_path / "out").iterdir()} - {"manifest.json"}
    assert present == set(manifest.files)
    for name in present:
        assert bundle.file(name).stat().st_size == fingerprint(tmp_path / "out" / name).bytes
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == (minilm_folder() / "tokenizer.json").read_bytes()
    assert (tmp_path / "out" / "ATTRIBUTION.md").read_text(encoding="utf-8") == "Painted by Ambrogio."
    card = (tmp_path / "out" / "CARD.md").read_text(encoding="utf-8")
    assert "| prior | 0." in card
    assert "| decoder |" in card
    assert {f"{stage}.safetensors" for stage in stage_names(tiny())} <= present


def test_without_pytorch_weights_there_are_none(runs: Path, tmp_path: Path, copied: list[str]) -> None:
    manifest = export(tiny(), runs, tmp_path / "out", options=ExportOptions(weights="f16"))
    assert not [name for name in manifest.files if name.endswith(".safetensors")]
    assert all(name.endswith(" f16") for name in copied)


def test_a_pixel_model_has_no_space_graphs(tmp_path: Path, copied: list[str]) -> None:
    runs = write_checkpoints(tmp_path / "runs", tiny_networks(pixel=True))
    recipe = tiny()
    pixel = dataclasses.replace(recipe.stages["decoder"], space="pixel")  # type: ignore[call-arg]
    recipe = dataclasses.replace(recipe, stages=recipe.stages | {"decoder": pixel})
    manifest = export(recipe, runs, tmp_path / "out", options=ExportOptions())
    assert (manifest.space.kind, manifest.space.channels, manifest.space.size) == ("pixel", 4, 64)
    assert not [name for name in manifest.graphs if name.startswith("space")]


def test_an_old_bundle_is_replaced_and_an_empty_folder_filled(runs: Path, tmp_path: Path, copied: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for version in ("1.0.0", "1.1.0"):
        export(tiny(), runs, out, options=ExportOptions(version=version))
        assert Manifest.read(out / "manifest.json").version == version
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def spoil_folder(out: Path) -> None:
    out.mkdir()
    (out / "novel.txt").write_text("Chapter one")


@pytest.mark.parametrize("spoil", [spoil_folder, lambda out: out.write_text("mine")], ids=["folder", "file"])
def test_what_is_not_a_bundle_is_not_touched(
    runs: Path, tmp_path: Path, copied: list[str], spoil: Callable[[Path], object]
) -> None:
    out = tmp_path / "out"
    spoil(out)
    with pytest.raises(InputError, match="out is there and is not a bundle; name another folder"):
        export(tiny(), runs, out, options=ExportOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert out.is_file() or (out / "novel.txt").read_text() == "Chapter one"
    assert copied == []


def test_missing_stages_are_named(runs: Path, tmp_path: Path) -> None:
    some = tmp_path / "runs"
    some.mkdir()
    for name in ("clip", "prior", "decoder", "autoencoder"):
        (some / name).symlink_to(runs / name)
    with pytest.raises(InputError, match="has no checkpoint of upsampler_256, upsampler_1024; train them first"):
        export(tiny(), some, tmp_path / "out", options=ExportOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_missing_attribution_is_told_before_the_work(runs: Path, tmp_path: Path, copied: list[str]) -> None:
    with pytest.raises(InputError, match=r"nowhere\.md cannot be read"):
        export(tiny(), runs, tmp_path / "out", options=ExportOptions(), attribution=tmp_path / "nowhere.md")
    assert copied == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "stop"])
def test_a_failure_leaves_the_old_bundle_and_nothing_else(
    runs: Path, tmp_path: Path, copied: list[str], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    export(tiny(), runs, tmp_path / "out", options=ExportOptions(version="1.0.0"))

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(exporting, "write_manifest", fail)
    expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        export(tiny(), runs, tmp_path / "out", options=ExportOptions(version="2.0.0"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "giant"], "no recipe 'giant'"),
        (["--recipe", "tiny", "--weights", "int2"], "Weights cannot be stored as 'int2'; choose int8 or f16."),
        (["--recipe", "tiny"], "has no checkpoint of clip, prior"),
    ],
)
def test_bad_input_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "out"), *arguments]) == 2
    assert words in capsys.readouterr().err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
