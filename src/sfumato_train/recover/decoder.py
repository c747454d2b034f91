"""The decoder alone, for whoever tunes it: from a bundle's graph, or from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sfumato.bundle.manifest import Manifest
from sfumato.bundle.store import Bundle
from sfumato.errors import BundleError, InputError
from sfumato.networks.decoder import Decoder, DecoderConfig
from sfumato.networks.graphs import decoder_graph
from sfumato.networks.weights import load_network
from sfumato_train.checkpoint import newest
from sfumato_train.config import DecoderStage
from sfumato_train.recipes import RECIPES, recipe
from sfumato_train.recover.networks import fill, unknown


def recover_decoder(bundle: Bundle) -> Decoder:
    """The decoder of a bundle, ready to be trained.

    Raises `BundleError` where the graph is damaged, or is not one that this version exports.
    """
    graphs = bundle.manifest.graphs
    if "decoder" not in graphs:
        raise BundleError(f"The model {bundle.manifest.name} has no graph decoder; choose another model.")
    problem: BundleError | None = None
    for config in decoder_configs(bundle.manifest):
        decoder = Decoder(config)
        try:
            fill(decoder, {"decoder": decoder_graph(decoder, bundle.manifest.text.max_tokens)}, bundle)
        except BundleError as error:
            problem = error
        else:
            return decoder
    raise problem or unknown(bundle.manifest.name, "no recipe has a decoder of its sizes")


def decoder_configs(manifest: Manifest) -> Iterator[DecoderConfig]:
    """What the decoder's sizes may be: what the manifest says, else those of recipes that fit its space.

    Without the perceptron of the alignment, which is in no graph.
    """
    described = (manifest.networks or {}).get("decoder")
    if described is not None:
        try:
            yield replace(TypeAdapter(DecoderConfig).validate_json(described), align=0)
        except ValidationError as error:
            raise unknown(manifest.name, "its manifest describes a decoder of another version") from error
        return
    named = sorted(RECIPES, key=lambda name: name != manifest.name)
    stages = [stage for name in named for stage in recipe(name).stages.values()]
    configs = [replace(stage.network, align=0) for stage in stages if isinstance(stage, DecoderStage)]
    yield from dict.fromkeys(config for config in configs if _fits(config, manifest))


def _fits(config: DecoderConfig, manifest: Manifest) -> bool:
    space = (config.channels, config.size) == (manifest.space.channels, manifest.space.size)
    return space and (config.embedding, config.text_width) == (manifest.embedding.dim, manifest.text.width)


def from_checkpoint(runs: Path) -> Decoder:
    """The averaged decoder of a folder of training runs, without its perceptron; InputError where there is none."""
    path = newest(runs / "decoder")
    if path is None:
        raise InputError(f"{runs} has no checkpoint of decoder; name a folder that `sfumato-train run` wrote.")
    network, _ = load_network(path)
    if not isinstance(network, Decoder):
        raise InputError(f"{path} is no checkpoint of a decoder; name another folder with --runs.")
    network.drop_alignment()
    return network
