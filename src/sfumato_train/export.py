"""From checkpoints to a bundle: OpenVINO graphs with compressed weights, manifest, hashes, card."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import openvino as ov
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn

from sfumato.bundle.code import write_code
from sfumato.bundle.manifest import (
    MANIFEST,
    TOKENIZER,
    ArPriorShape,
    Embedding,
    LanguageShape,
    Manifest,
    Space,
    TextShape,
)
from sfumato.bundle.manifest import Graph as GraphEntry
from sfumato.bundle.store import write_manifest
from sfumato.errors import InputError, OutputError
from sfumato.networks.ar_prior import ArPrior
from sfumato.networks.autoencoder import Autoencoder
from sfumato.networks.clip import MAX_SCALE
from sfumato.networks.decoder import Decoder
from sfumato.networks.graphs import Graph, graphs
from sfumato.networks.language import Language
from sfumato.networks.prior import embedding_scale
from sfumato.networks.weights import config_json, kind_of, load_network
from sfumato_train.averages import sets
from sfumato_train.checkpoint import newest, source
from sfumato_train.config import Recipe
from sfumato_train.context import minilm_folder
from sfumato_train.embedding_code import code_of
from sfumato_train.pool import pool
from sfumato_train.quiet import quiet
from sfumato_train.vocabulary import vocabulary_file

Weights = Literal["int8", "f16"]
# The last upsampler ends in pictures: eight bits a weight would show as banding, and it is small.
KEEP_F16 = ("space_decoder", "upsampler_256", "upsampler_1024")

RECOVERED = "none since its weights came from a bundle"
OPTIONAL_STAGES = ("ar_prior", "language")
CODE = "ar_prior.npz"
WORDS = "language.tsv"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """`weights`: how the graphs' weights are stored; `with_weights`: add a safetensors file a network, for torch.

    `threshold`: the embedding's, as an evaluation of these weights fitted it (zero_shot.threshold); None: the default.
    `averages`: by stage, the decay of the average to take in the place of the one that ships.
    """

    version: str = "0.1.0"
    licence: str = "Apache-2.0"
    weights: Weights = "int8"
    with_weights: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    averages: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None


def stage_names(recipe: Recipe) -> list[str]:
    """The stages no bundle is without; rivals kept for comparison (`decoder_pixel`) are not among them."""
    decoder: Any = recipe.stages["decoder"]
    latent = ["autoencoder"] if decoder.space == "latent" else []
    return ["clip", "prior", "decoder", *latent, "upsampler_256", "upsampler_1024"]


def read_stages(recipe: Recipe, runs: Path) -> dict[str, Path]:
    """The newest checkpoint of each stage, the optional ones where they were trained.

    InputError naming the stages that have none and cannot be left out.
    """
    needed = stage_names(recipe)
    optional = [name for name in OPTIONAL_STAGES if name in recipe.stages]
    found = {name: newest(runs / name) for name in [*needed, *optional]}
    missing = [name for name in needed if found[name] is None]
    if missing:
        raise InputError(f"{runs} has no checkpoint of {', '.join(missing)}; train them first.")
    return {name: path for name, path in found.items() if path is not None}


def export(
    recipe: Recipe,
    runs: Path,
    out: Path,
    *,
    options: ExportOptions,
    attribution: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Manifest:
    """Write a bundle, beside and renamed, replacing one that is there. `progress` is told each graph's name.

    Raises InputError when a stage or the attribution is missing and when `out` is there and not a bundle, and
    OutputError when the disk refuses.
    """
    checkpoints = read_stages(recipe, runs)
    average = sets(checkpoints, options.averages)
    credit = _credit(attribution)
    _check_target(out)
    beside = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        networks = {name: _drawing(path, average[name]) for name, path in checkpoints.items()}
        entries = _write_graphs(networks, beside, options.weights, progress)
        if options.with_weights:
            _write_weights(networks, beside)
        _write_words(recipe, checkpoints, networks, beside, credit)
        language = _write_language(networks.get("language"), beside)
        ar_prior = _write_ar_prior(networks.get("ar_prior"), beside)
        manifest = write_manifest(beside, _manifest(recipe, networks, entries, options, language, ar_prior))
        replace_bundle(beside, out)
    except OSError as error:
        raise OutputError(f"The bundle {out} could not be written ({error}); free some space.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _drawing(path: Path, weights: str) -> nn.Module:
    """The network without what only training uses."""
    network: nn.Module = load_network(path, weights=weights)[0]
    if isinstance(network, Decoder):
        network.drop_alignment()
    return network


def _check_target(out: Path) -> None:
    if out.is_dir() and (not any(out.iterdir()) or (out / MANIFEST).exists()):
        return
    if out.exists():
        raise InputError(f"{out} is there and is not a bundle; name another folder.")


def _credit(attribution: Path | None) -> str:
    if attribution is None:
        return "Trained on pictures of the user's own.\n"
    try:
        return attribution.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The attribution {attribution} cannot be read ({error}); name a text file.") from error


def replace_bundle(beside: Path, out: Path) -> None:
    """Put the new bundle in the place of an old one, which is removed only afterwards."""
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    beside.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _write_graphs(
    networks: Mapping[str, nn.Module], folder: Path, weights: Weights, progress: Callable[[str], None] | None
) -> dict[str, GraphEntry]:
    entries = {}
    for name, graph in graphs(networks).items():
        if progress is not None:
            progress(name)
        precision: Weights = "f16" if name in KEEP_F16 else weights
        write_graph(graph, folder / f"{name}.xml", weights=precision)
        inpaints = name.startswith("upsampler") and "known" in graph.example
        entries[name] = GraphEntry(file=f"{name}.xml", precision=precision, inpaints=inpaints)
    return pool(folder, entries)


def write_graph(graph: Graph, target: Path, *, weights: Weights) -> None:
    """One OpenVINO graph with a dynamic batch; weights int8 (per channel, symmetric) or f16."""
    with quiet():
        model = convert(graph)
        if weights == "int8":
            import nncf  # noqa: PLC0415 - it greets on import

            nncf.set_log_level(logging.ERROR)
            model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
        ov.save_model(model, target, compress_to_fp16=True)


def convert(graph: Graph) -> Any:
    """The graph as an OpenVINO model in float32, batch dynamic, other sizes fixed."""
    with torch.no_grad():
        model = ov.convert_model(graph.module.float(), example_input=tuple(graph.example.values()))
    shapes = {}
    for port, (name, example) in zip(model.inputs, graph.example.items(), strict=True):
        port.get_tensor().set_names({name})
        sizes = list(example.shape)
        sizes[2 if name == "prefix" else 0] = -1
        shapes[name] = ov.PartialShape(sizes)
    for port, name in zip(model.outputs, graph.outputs, strict=True):
        port.get_tensor().set_names({name})
    model.reshape(shapes)
    return model


def _write_weights(networks: Mapping[str, nn.Module], folder: Path) -> None:
    for name, network in networks.items():
        tensors = {f"ema/{key}": value.contiguous() for key, value in network.state_dict().items()}
        metadata = {"kind": kind_of(network), "network": config_json(network.config)}
        save_file(tensors, folder / f"{name}.safetensors", metadata=metadata)


def _write_language(network: nn.Module | None, folder: Path) -> LanguageShape | None:
    """The words of a language model as a file, and what its runtime needs to know; None where there is no model."""
    if not isinstance(network, Language):
        return None
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    (folder / WORDS).write_text(vocabulary_file(network, tokenizer), encoding="utf-8")
    depth, pair, heads, places, width = network.config.cache_shape
    return LanguageShape(
        words=WORDS, cache=(depth, pair, heads, places, width), picture_tokens=network.config.picture_tokens
    )


def _write_ar_prior(network: nn.Module | None, folder: Path) -> ArPriorShape | None:
    """The code of embeddings as a file, and what the prior's runtime needs to know; None without such a prior."""
    if not isinstance(network, ArPrior):
        return None
    write_code(code_of(network), folder / CODE)
    depth, pair, heads, places, width = network.config.cache_shape
    return ArPriorShape(
        code=CODE,
        cache=(depth, pair, heads, places, width),
        numbers=network.config.numbers,
        buckets=network.config.buckets,
    )


def _manifest(
    recipe: Recipe,
    networks: Mapping[str, nn.Module],
    entries: Mapping[str, GraphEntry],
    options: ExportOptions,
    language: LanguageShape | None,
    ar_prior: ArPriorShape | None,
) -> Manifest:
    clip: Any = networks["clip"]
    decoder: Any = networks["decoder"]
    kind: Literal["latent", "pixel"] = (
        "latent" if isinstance(networks.get("autoencoder"), Autoencoder) else "pixel"
    )
    text = clip.config.text
    return Manifest(
        name=recipe.name,
        version=options.version,
        domain=recipe.domain,
        licence=options.licence,
        sizes=recipe.sizes,
        embedding=_embedding(clip, options),
        text=TextShape(max_tokens=text.max_tokens, width=text.width),
        space=Space(kind=kind, channels=decoder.config.channels, size=decoder.config.size),
        stages=recipe.preset,
        graphs=entries,
        language=language,
        ar_prior=ar_prior,
        scores=options.scores,
        networks={name: config_json(network.config) for name, network in networks.items()},
    )


def _embedding(clip: Any, options: ExportOptions) -> Embedding:
    E, logit_scale = clip.config.embedding, min(clip.log_scale.exp().item(), MAX_SCALE)
    made = Embedding(dim=E, scale=embedding_scale(E), logit_scale=logit_scale)
    return made if options.threshold is None else replace(made, threshold=options.threshold)


def _write_words(
    recipe: Recipe, checkpoints: Mapping[str, Path], networks: Mapping[str, nn.Module], folder: Path, credit: str
) -> None:
    shutil.copyfile(minilm_folder() / "tokenizer.json", folder / "tokenizer.json")
    (folder / "ATTRIBUTION.md").write_text(credit, encoding="utf-8")
    # Steps and the last batch, not their product: a resumed run may have changed its batch on the way.
    lines = [f"# {recipe.name}", "", recipe.domain, ""]
    lines += ["| stage | parameters | steps | batch at the end |", "|---|---|---|---|"]
    for name, path in checkpoints.items():
        metadata = source(path).metadata
        stage, step = json.loads(metadata["stage"]), int(metadata["step"])
        size = sum(tensor.numel() for tensor in networks[name].state_dict().values()) / 1e6
        lines.append(f"| {name} | {size:.1f}M | {step or RECOVERED} | {stage['train']['batch']} |")
    lines += ["", "The text tower begins as all-MiniLM-L6-v2 (Apache-2.0)."]
    lines += ["Sources of the pictures: ATTRIBUTION.md.", ""]
    (folder / "CARD.md").write_text("\n".join(lines), encoding="utf-8")
