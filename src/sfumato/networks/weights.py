"""Weights on disk: safetensors with the kind and configuration of the network in the file's own metadata.

A training checkpoint holds several sets of tensors under prefixes; `model/` and `ema/` are the network's.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sfumato.errors import BundleError
from sfumato.networks.ar_prior import ArPrior, ArPriorConfig
from sfumato.networks.autoencoder import Autoencoder, AutoencoderConfig
from sfumato.networks.clip import Clip, ClipConfig
from sfumato.networks.decoder import Decoder, DecoderConfig
from sfumato.networks.detector import Detector, DetectorConfig
from sfumato.networks.language import Language, LanguageConfig
from sfumato.networks.prior import Prior, PriorConfig
from sfumato.networks.upsampler import Upsampler, UpsamplerConfig

NETWORKS: dict[str, tuple[Any, type[nn.Module]]] = {
    "ar_prior": (ArPriorConfig, ArPrior),
    "autoencoder": (AutoencoderConfig, Autoencoder),
    "clip": (ClipConfig, Clip),
    "decoder": (DecoderConfig, Decoder),
    "judge": (DetectorConfig, Detector),
    "language": (LanguageConfig, Language),
    "prior": (PriorConfig, Prior),
    "upsampler": (UpsamplerConfig, Upsampler),
}


def config_json(config: Any) -> str:
    """A configuration dataclass as JSON."""
    return TypeAdapter(type(config)).dump_json(config).decode()


def read_tensors(path: Path, prefix: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors whose name starts with `prefix` (cut off) and the metadata; BundleError for an unreadable file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}, metadata
    except (OSError, SafetensorError) as error:
        raise BundleError(f"The checkpoint {path} cannot be read ({error}); use another one.") from error


def build(kind: str, config: dict[str, Any]) -> nn.Module:
    """An untrained network of a kind; BundleError naming the known kinds otherwise."""
    if kind not in NETWORKS:
        raise BundleError(f"There is no network of kind {kind!r}; known kinds are {', '.join(NETWORKS)}.")
    config_type, network_type = NETWORKS[kind]
    return network_type(TypeAdapter(config_type).validate_python(config))


def training_only(network: nn.Module) -> dict[str, str]:
    """Names of the parameters that only training uses, which no graph holds, and in words what they are part of."""
    parts: Mapping[str, str] = getattr(network, "training_only", {})
    return {name: what for name in network.state_dict() for prefix, what in parts.items() if name.startswith(prefix)}


def put_weights(network: nn.Module, tensors: Mapping[str, Tensor]) -> list[str]:
    """Load a network's weights, with or without what only training uses; in words, what is new and stays as it is.

    RuntimeError when other names or shapes differ.
    """
    parts: Mapping[str, str] = getattr(network, "training_only", {})
    own, beside = network.state_dict(), training_only(network)
    given = {name: value for name, value in tensors.items() if name in own or not name.startswith(tuple(parts))}
    fresh = {name: own[name] for name in beside if name not in given}
    network.load_state_dict({**given, **fresh})
    return sorted({beside[name] for name in fresh})


def kind_of(network: nn.Module) -> str:
    """The kind that `build` makes such a network of."""
    return next(kind for kind, (_, network_type) in NETWORKS.items() if type(network) is network_type)


def load_network(path: Path, *, weights: str = "ema") -> tuple[Any, dict[str, str]]:
    """The network in a checkpoint with its averaged weights (or `weights="model"`), and the file's metadata."""
    tensors, metadata = read_tensors(path, f"{weights}/")
    if "kind" not in metadata or not tensors:
        raise BundleError(f"{path} is not a checkpoint of Sfumato; name a file written by `sfumato-train run`.")
    network = build(metadata["kind"], json.loads(metadata["network"]))
    network.load_state_dict(tensors)
    return network, metadata
