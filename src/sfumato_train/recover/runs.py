"""From a bundle to a folder of training runs: each network a checkpoint of step 0, to be trained on.

What a bundle does not hold is not brought back: the optimiser's moments, and the weights beside the averaged ones that
were exported. Numbers and words that are not weights come from the bundle's own files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from tokenizers import Tokenizer
from torch import Tensor, nn

from sfumato.bundle.code import read_code
from sfumato.bundle.manifest import TOKENIZER, Manifest
from sfumato.bundle.store import Bundle
from sfumato.errors import InputError
from sfumato.networks.ar_prior import ArPrior
from sfumato.networks.clip import Clip
from sfumato.networks.decoder import Decoder
from sfumato.networks.graphs import Graph, graphs
from sfumato.networks.language import Language
from sfumato.networks.prior import Prior
from sfumato.networks.weights import build, config_json, kind_of
from sfumato_train.checkpoint import Snapshot, all_checkpoints, save
from sfumato_train.config import STAGE, DecoderStage, Stage
from sfumato_train.embedding_code import put_code
from sfumato_train.position import Position
from sfumato_train.recipes import RECIPES, recipe
from sfumato_train.recover.networks import fill, unknown
from sfumato_train.vocabulary import read_vocabulary

SILENT: Mapping[type[nn.Module], tuple[str, ...]] = {
    Clip: ("log_scale",),  # in the manifest
    Prior: ("kinds",),  # the exporter adds each to a bias
}
GRAPHS: Mapping[str, tuple[str, ...]] = {
    "clip": ("text", "image"),
    "prior": ("prior_prefix", "prior_step"),
    "autoencoder": ("space_encoder", "space_decoder"),
}


def recover_runs(
    bundle: Bundle, runs: Path, *, only: Iterable[str] = (), progress: Callable[[str], None] | None = None
) -> list[Path]:
    """Write `runs/STAGE/step-00000000.safetensors` for the stages of a bundle; their paths.

    `only`: some of the stages. `progress` is told each stage's name. Raises InputError for an unknown stage and where
    a run is there already (before anything is written), BundleError where weights cannot be told, OutputError when the
    disk refuses.
    """
    networks = _untrained(bundle.manifest)
    wanted = list(only) or list(networks)
    _check(wanted, list(networks), runs)
    found = graphs(networks)
    written = []
    for name in wanted:
        if progress is not None:
            progress(name)
        network = networks[name]
        own = {graph: found[graph] for graph in GRAPHS.get(name, (name,))}
        _fill(network, own, bundle)
        written.append(_save(runs / name, _stage(name, network, bundle.manifest), network))
    return written


def _check(wanted: list[str], known: list[str], runs: Path) -> None:
    for name in wanted:
        if name not in known:
            raise InputError(f"The model has no stage {name!r}; choose from {', '.join(known)}.")
        if all_checkpoints(runs / name):
            raise InputError(f"{runs / name} holds a run already; choose other --runs.")


def _untrained(manifest: Manifest) -> dict[str, nn.Module]:
    """The networks that a manifest describes, by stage."""
    if manifest.networks is None:
        raise unknown(manifest.name, "its manifest does not describe its networks")
    try:
        networks = {
            name: build("upsampler" if name.startswith("upsampler") else name, json.loads(config))
            for name, config in manifest.networks.items()
        }
    except ValidationError as error:
        raise unknown(manifest.name, "its manifest describes networks of another version") from error
    return {name: _to_train(name, network, networks, manifest) for name, network in networks.items()}


def _to_train(name: str, network: nn.Module, networks: Mapping[str, nn.Module], manifest: Manifest) -> nn.Module:
    """With a perceptron, freshly initialised, where the recipe aligns the decoder with the image tower."""
    clip = networks.get("clip")
    if not isinstance(network, Decoder) or not isinstance(clip, Clip):
        return network
    stage = _stage(name, network, manifest)
    if network.config.align or not isinstance(stage, DecoderStage) or not stage.alignment:
        return network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stage.train.seed)
        return Decoder(replace(network.config, align=clip.config.image.widths[-1]))


@torch.no_grad()
def _fill(network: nn.Module, own: Mapping[str, Graph], bundle: Bundle) -> None:
    manifest = bundle.manifest
    if isinstance(network, ArPrior) and manifest.ar_prior is not None:
        code = bundle.file(manifest.ar_prior.code)
        put_code(network, read_code(code, manifest.ar_prior, embedding=manifest.embedding.dim))
    if isinstance(network, Language) and manifest.language is not None:
        _put_words(network, bundle, manifest.language.words)
    fill(network, own, bundle, silent=SILENT.get(type(network), ()))
    if isinstance(network, Clip):
        network.log_scale.fill_(manifest.embedding.logit_scale).log_()


def _put_words(network: Language, bundle: Bundle, name: str) -> None:
    tokenizer = Tokenizer.from_file(str(bundle.file(TOKENIZER)))
    found = read_vocabulary(bundle.file(name).read_text(encoding="utf-8"), tokenizer, joins=network.config.joins)
    for buffer, value in ((network.words, found.words), (network.ends, found.ends), (network.joins, found.joins)):
        if buffer.shape != value.shape:
            raise unknown(bundle.manifest.name, f"{name} is of another size than its language model")
        buffer.copy_(value)


def _stage(name: str, network: nn.Module, manifest: Manifest) -> Stage:
    """How the stage is trained on: as its recipe says, or that of a recipe which has such a stage."""
    named = sorted(RECIPES, key=lambda known: known != manifest.name)
    kind, config = kind_of(network), network.config
    for one in named:
        stage: Any = recipe(one).stages.get(name)
        if stage is not None and stage.kind == kind and type(stage.network) is type(config):
            trained: Stage = replace(stage, network=config)
            return trained
    raise unknown(manifest.name, f"no recipe has a stage {name}")


def _save(folder: Path, stage: Stage, network: nn.Module) -> Path:
    tensors: dict[str, Tensor] = {name: value.detach().clone() for name, value in network.state_dict().items()}
    metadata = {
        "kind": stage.kind,
        "network": config_json(stage.network),
        "stage": STAGE.dump_json(stage).decode(),
        "step": "0",
        "samples": "0",
        "position": Position(step=0, samples=0, batch=stage.train.batch).to_json(),
    }
    snapshot = Snapshot(model=tensors, ema=dict(tensors), optim={}, metadata=metadata)
    return save(folder, 0, snapshot, keep=stage.train.keep)
