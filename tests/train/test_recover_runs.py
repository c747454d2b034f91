"""A bundle becomes checkpoints of every stage, which are the networks that it was exported from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import nn

from sfumato.bundle.manifest import MANIFEST, TOKENIZER, Manifest
from sfumato.bundle.store import Bundle, write_manifest
from sfumato.errors import BundleError, InputError
from sfumato.networks.ar_prior import ArPrior
from sfumato.networks.autoencoder import Autoencoder
from sfumato.networks.clip import Clip
from sfumato.networks.decoder import ALIGN_WIDTH, Decoder
from sfumato.networks.language import NO_WORD, Language
from sfumato.networks.prior import Prior
from sfumato.networks.weights import config_json, load_network, training_only
from sfumato_train.checkpoint import check, newest
from sfumato_train.cli import main
from sfumato_train.config import STAGE, DecoderStage
from sfumato_train.embedding_code import NAMES
from sfumato_train.export import RECOVERED, WORDS, ExportOptions, export
from sfumato_train.loop import Trainer
from sfumato_train.recipes.tiny import tiny
from sfumato_train.recover import runs as recovering
from sfumato_train.recover.decoder import recover_decoder
from sfumato_train.recover.runs import recover_runs
from sfumato_train.runs import prepare
from sfumato_train.vocabulary import read_vocabulary, vocabulary_file
from support.networks import CLIP, LATENT, UNET, caption, tiny_networks, write_checkpoints

HALF = 1e-3
"""What half a precision leaves of a weight, relative."""


@pytest.fixture(scope="module")
@torch.no_grad()
def networks() -> dict[str, nn.Module]:
    """As if trained: an exporter leaves out factors that are still one and terms that are still zero."""
    made, generator = tiny_networks(), torch.Generator().manual_seed(9)
    for network in made.values():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return made


@pytest.fixture(scope="module")
def bundle(networks: dict[str, nn.Module], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shipped")
    export(tiny(), write_checkpoints(root / "runs", networks), root / "tiny", options=ExportOptions(weights="f16"))
    return root / "tiny"


@pytest.fixture(scope="module")
def runs(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All stages, brought back."""
    folder = tmp_path_factory.mktemp("back")
    told: list[str] = []
    written = recover_runs(Bundle.open(bundle), folder, progress=told.append)
    assert sorted(told) == sorted(path.parent.name for path in written)
    return folder


def back(runs: Path, name: str) -> nn.Module:
    path = newest(runs / name)
    assert path is not None
    check(path)
    network: nn.Module = load_network(path)[0]
    return network.eval()


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    one, other = one.detach(), other.detach()
    return float((one - other).square().mean().sqrt() / other.square().mean().sqrt().clamp(min=1e-9))


def test_every_stage_of_the_bundle_has_a_checkpoint_of_step_0(runs: Path, networks: dict[str, nn.Module]) -> None:
    assert {path.name for path in runs.iterdir()} == set(networks)
    assert {newest(runs / name).name for name in networks} == {"step-00000000.safetensors"}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["decoder", "upsampler_256", "upsampler_1024", "language", "ar_prior", "clip"])
def test_every_parameter_comes_back(runs: Path, networks: dict[str, nn.Module], name: str) -> None:
    network = back(runs, name)
    made, true = dict(network.named_parameters()), dict(networks[name].named_parameters())
    assert made.keys() == true.keys() | training_only(network).keys()
    for key, value in true.items():
        assert relative(made[key], value) < HALF, key


def check_perceptron(path: Path) -> None:
    """Fresh: neither zero nor the random weights that constants are looked for with, and ready to be trained."""
    network, metadata = load_network(path)
    assert isinstance(network, Decoder)
    stage = STAGE.validate_json(metadata["stage"])
    assert isinstance(stage, DecoderStage)
    assert stage.alignment == 0.5
    assert stage.network == network.config == dataclasses.replace(LATENT, align=CLIP.image.widths[-1])
    assert training_only(network)
    for name, value in network.named_parameters():
        if name in training_only(network):
            bound = (UNET.widths[-1] if name.startswith("align.0") else ALIGN_WIDTH) ** -0.5
            assert 0.8 * bound < value.abs().max() <= bound, name


def test_a_decoder_whose_recipe_aligns_it_has_a_fresh_perceptron(runs: Path, bundle: Path, tmp_path: Path) -> None:
    """The exporter leaves it out, and so the bundle's own configuration says that there is none."""
    told = Manifest.read(bundle / MANIFEST).networks
    assert told is not None
    assert json.loads(told["decoder"])["align"] == 0
    check_perceptron(runs / "decoder" / "step-00000000.safetensors")
    (again,) = recover_runs(Bundle.open(bundle), tmp_path, only=["decoder"])
    one, other = (load_network(path)[0] for path in (again, runs / "decoder" / again.name))
    assert torch.equal(one.align[0].weight, other.align[0].weight)


def test_a_bundle_that_tells_of_a_perceptron_is_brought_back_with_a_fresh_one(bundle: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(bundle / MANIFEST)
    config = dataclasses.replace(LATENT, align=CLIP.image.widths[-1])
    networks_told = {**(manifest.networks or {}), "decoder": config_json(config)}
    telling = Bundle(bundle, dataclasses.replace(manifest, networks=networks_told))
    (path,) = recover_runs(telling, tmp_path, only=["decoder"])
    check_perceptron(path)
    assert recover_decoder(telling).config == LATENT


def test_a_recipe_without_alignment_adds_nothing(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: dict[str, Any] = dict(tiny().stages)
    stages["decoder"] = dataclasses.replace(stages["decoder"], alignment=0.0)
    plain = dataclasses.replace(tiny(), stages=stages)
    monkeypatch.setattr(recovering, "recipe", lambda _name: plain)
    (path,) = recover_runs(Bundle.open(bundle), tmp_path, only=["decoder"])
    assert load_network(path)[0].config == LATENT


def test_both_sets_of_weights_are_the_exported_average(runs: Path) -> None:
    path = newest(runs / "decoder")
    assert path is not None
    averaged, trained = (load_network(path, weights=weights)[0] for weights in ("ema", "model"))
    for one, other in zip(averaged.parameters(), trained.parameters(), strict=True):
        assert torch.equal(one, other)


@torch.no_grad()
def test_the_prior_is_the_same_function_with_its_kinds_in_the_biases(
    runs: Path, networks: dict[str, nn.Module]
) -> None:
    made, true = back(runs, "prior"), networks["prior"]
    assert isinstance(made, Prior)
    assert isinstance(true, Prior)
    assert not made.kinds.any()
    assert true.kinds.abs().min() > 0
    generator, E = torch.Generator().manual_seed(5), true.config.embedding
    z_t, z_txt = (torch.randn(3, E, generator=generator) for _ in range(2))
    for keep in (1.0, 0.0):
        said = (*caption(3, 6, 4), z_txt, torch.full((3,), keep))
        t = torch.tensor([0.1, 0.5, 0.9])
        assert relative(made(z_t, t, *said), true(z_t, t, *said)) < 5 * HALF


@torch.no_grad()
def test_the_autoencoder_is_the_same_space(runs: Path, networks: dict[str, nn.Module]) -> None:
    made, true = back(runs, "autoencoder"), networks["autoencoder"].eval()
    assert isinstance(made, Autoencoder)
    assert isinstance(true, Autoencoder)
    picture = torch.rand(2, 4, true.config.picture, true.config.picture, generator=torch.Generator().manual_seed(6))
    latents = true.encode(picture)
    assert relative(made.encode(picture), latents) < 5 * HALF
    assert relative(made.decode(latents), true.decode(latents)) < 5 * HALF


def test_the_temperature_comes_from_the_manifest(runs: Path, networks: dict[str, nn.Module]) -> None:
    made, true = back(runs, "clip"), networks["clip"]
    assert isinstance(made, Clip)
    assert isinstance(true, Clip)
    assert made.log_scale.item() == pytest.approx(true.log_scale.item(), rel=1e-5)


def test_code_and_words_come_from_their_files(runs: Path, networks: dict[str, nn.Module]) -> None:
    prior, language = back(runs, "ar_prior"), back(runs, "language")
    assert isinstance(prior, ArPrior)
    assert isinstance(language, Language)
    for name in NAMES:
        assert torch.equal(getattr(prior, name), getattr(networks["ar_prior"], name))
    for name in ("words", "ends"):
        assert torch.equal(getattr(language, name), getattr(networks["language"], name))


def test_words_are_read_as_they_were_written(bundle: Path, networks: dict[str, nn.Module]) -> None:
    tokenizer, language = Tokenizer.from_file(str(bundle / TOKENIZER)), networks["language"]
    assert isinstance(language, Language)
    written = Language(language.config)
    written.words.copy_(language.words)
    written.words[-2:] = NO_WORD
    written.ends.copy_(language.ends)
    written.joins[:3] = torch.tensor([[5, 6], [5, 9], [7, 4]])
    found = read_vocabulary(vocabulary_file(written, tokenizer), tokenizer, joins=len(written.joins))
    assert torch.equal(found.words, written.words)
    assert torch.equal(found.ends, written.ends)
    assert torch.equal(found.joins, written.joins)


def test_a_stage_goes_on_from_it(runs: Path, tiny_store: Path, tmp_path: Path, networks: dict[str, nn.Module]) -> None:
    """Of a network as small as this no recipe has the sizes: the checkpoint itself tells how it is trained."""
    for name in ("clip", "autoencoder", "upsampler_256"):
        (tmp_path / name).mkdir()
        path = newest(runs / name)
        assert path is not None
        (tmp_path / name / path.name).write_bytes(path.read_bytes())
    stage = STAGE.validate_python(json.loads(load_network(path)[1]["stage"]))
    assert stage.network == networks["upsampler_256"].config
    stage = dataclasses.replace(stage, train=dataclasses.replace(stage.train, steps=1, batch=2, bf16=False))
    with prepare(stage, "upsampler_256", data=tiny_store, runs=tmp_path, resume=True) as trainer:
        assert isinstance(trainer, Trainer)
        assert trainer.step == 0
        trainer.run()
    assert newest(tmp_path / "upsampler_256") == tmp_path / "upsampler_256" / "step-00000001.safetensors"


def test_what_is_brought_back_exports_to_the_same_graphs(bundle: Path, runs: Path, tmp_path: Path) -> None:
    export(tiny(), runs, tmp_path / "again", options=ExportOptions(weights="f16"))
    assert f"| {RECOVERED} |" in (tmp_path / "again" / "CARD.md").read_text(encoding="utf-8")
    assert RECOVERED not in (bundle / "CARD.md").read_text(encoding="utf-8")
    for name in ("decoder.bin", "image.bin", "language.bin"):
        one, other = (np.fromfile(folder / name, np.float16) for folder in (bundle, tmp_path / "again"))
        assert one.shape == other.shape
        same = np.isclose(one.astype(np.float32), other.astype(np.float32), rtol=2e-3, atol=1e-6, equal_nan=True)
        assert same.mean() > 0.99


def test_only_what_is_asked_for(bundle: Path, tmp_path: Path) -> None:
    written = recover_runs(Bundle.open(bundle), tmp_path, only=["language"])
    assert written == [tmp_path / "language" / "step-00000000.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == ["language"]


def test_a_run_that_is_there_is_left_alone_and_nothing_else_written(bundle: Path, runs: Path, tmp_path: Path) -> None:
    path = newest(runs / "prior")
    assert path is not None
    (tmp_path / "prior").mkdir()
    (tmp_path / "prior" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="prior holds a run already; choose other --runs"):
        recover_runs(Bundle.open(bundle), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["prior"]


def test_a_stage_that_it_has_not_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no stage 'painter'; choose from .*clip"):
        recover_runs(Bundle.open(bundle), tmp_path, only=["painter"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("networks_told", [None, {"clip": '{"text": 3}'}])
def test_a_bundle_that_does_not_tell_its_networks_is_refused(
    bundle: Path, tmp_path: Path, networks_told: dict[str, str] | None
) -> None:
    manifest = dataclasses.replace(Manifest.read(bundle / MANIFEST), networks=networks_told)
    with pytest.raises(BundleError, match="cannot be brought back"):
        recover_runs(Bundle(bundle, manifest), tmp_path)


def test_words_of_another_size_are_refused(bundle: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in bundle.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    lines = (copied / WORDS).read_text(encoding="utf-8").splitlines(keepends=True)
    (copied / WORDS).write_text("".join(lines[:-1]), encoding="utf-8")
    write_manifest(copied, Manifest.read(copied / MANIFEST))
    with pytest.raises(BundleError, match="another size than its language model"):
        recover_runs(Bundle.open(copied), tmp_path / "runs", only=["language"])


def test_the_command_says_where_they_are(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recover", str(bundle), "--runs", str(tmp_path), "--only", "language, ar_prior"]) == 0
    said = capsys.readouterr().out.split()
    assert said == [str(tmp_path / name / "step-00000000.safetensors") for name in ("language", "ar_prior")]
    assert main(["recover", str(bundle), "--runs", str(tmp_path), "--only", "language"]) == 2
