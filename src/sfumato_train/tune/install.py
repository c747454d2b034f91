"""A tuned decoder becomes a model on the user's shelf: a copy of the bundle it began as, with another decoder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from sfumato.bundle.manifest import MANIFEST, Graph, Manifest, is_plain_name
from sfumato.bundle.store import SHIPPED, Bundle, user_shelf, write_manifest
from sfumato.errors import BundleError, InputError, OutputError
from sfumato.networks.decoder import Decoder
from sfumato.networks.graphs import decoder_graph
from sfumato.networks.weights import config_json, kind_of
from sfumato_train.disk import DISK, require
from sfumato_train.export import Weights, replace_bundle, write_graph
from sfumato_train.recover.networks import difference

SPARE_BYTES = 50_000_000
TOLERANCE = 0.05
"""By so much the written graph (of eight bits) may differ from the network."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What card and attributions say. before, after: the loss on held-out pictures, None where none were held out."""

    style: str
    pictures: int
    folder: str
    method: str
    steps: int
    before: float | None
    after: float | None


def target_of(name: str, *, replacing: bool) -> Path:
    """Where a model of that name goes.

    Raises InputError for a name that is no plain file name, that belongs to a model of the program, or (unless
    replacing) that is taken.
    """
    if not is_plain_name(name):
        raise InputError(f"A model cannot be called {name!r}; use letters, digits, dots, - and _ only.")
    if (SHIPPED / name).exists():
        raise InputError(f"{name!r} is the name of a model that came with the program; choose another.")
    target = user_shelf() / name
    if target.exists() and not (target / MANIFEST).is_file():
        raise InputError(f"{target} is there and is not a model; choose another name.")
    if target.exists() and not replacing:
        raise InputError(
            f"There is a model {name!r} in {target} already; add --replace to put the new one in its place."
        )
    return target


def install(bundle: Bundle, decoder: Decoder, target: Path, told: Told) -> Manifest:
    """Write the model beside its place and rename it, all of it or nothing.

    Raises OutputError when the disk refuses, and BundleError when a file of the bundle is damaged.
    """
    beside = target.parent / ".tuning" / f"{target.name}.{os.getpid()}.partial"
    try:
        beside.mkdir(parents=True)
        require(DISK, beside, SPARE_BYTES + sum(entry.bytes for entry in bundle.manifest.files.values()))
        _copy(bundle, beside)
        entry = _write_decoder(bundle.manifest, decoder, beside)
        _write_words(bundle.manifest, beside, target.name, told)
        manifest = write_manifest(beside, _manifest(bundle.manifest, decoder, entry, target.name, told))
        _check(Bundle(beside, manifest), decoder)
        replace_bundle(beside, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"The model {target} could not be written ({error}); free some space.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _copy(bundle: Bundle, beside: Path) -> None:
    """All files but the decoder's own, their hashes checked."""
    manifest = bundle.manifest
    shared = {graph.weights for name, graph in manifest.graphs.items() if name != "decoder"}
    old = manifest.graphs["decoder"]
    left = {old.file, "decoder.safetensors"} | ({old.weights} - shared)
    for name in manifest.files:
        if name not in left:
            (beside / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(bundle.file(name), beside / name)


def _write_decoder(manifest: Manifest, decoder: Decoder, beside: Path) -> Graph:
    precision: Weights = "int8" if manifest.graphs["decoder"].precision == "int8" else "f16"
    name = "decoder" if not (beside / "decoder.bin").exists() else "decoder-tuned"
    graph = decoder_graph(decoder.eval().requires_grad_(False), manifest.text.max_tokens)
    write_graph(graph, beside / f"{name}.xml", weights=precision)
    if "decoder.safetensors" in manifest.files:
        tensors = {f"ema/{key}": value.contiguous() for key, value in decoder.state_dict().items()}
        about = {"kind": kind_of(decoder), "network": config_json(decoder.config)}
        save_file(tensors, beside / "decoder.safetensors", metadata=about)
    return Graph(file=f"{name}.xml", precision=precision)


def _manifest(old: Manifest, decoder: Decoder, entry: Graph, name: str, told: Told) -> Manifest:
    return replace(
        old,
        name=name,
        version=f"{old.version}+{name}.{told.steps}",
        domain=f"{old.domain.rstrip()} Tuned on {told.pictures} pictures: say “{told.style}”.",
        graphs={**old.graphs, "decoder": entry},
        networks={**(old.networks or {}), "decoder": config_json(decoder.config)},
        scores={},
        files={},
    )


def _write_words(old: Manifest, beside: Path, name: str, told: Told) -> None:
    loss = ""
    if told.before is not None and told.after is not None:
        loss = f" Loss on pictures that were held out: {told.before:.4f} before, {told.after:.4f} after."
    card = (
        f"# {name}\n\n{old.name} {old.version}, its decoder tuned on {told.pictures} pictures of the user's own "
        f"(folder “{told.folder}”), {told.method}, {told.steps} steps.{loss} "
        f"Prompts that end in “, {told.style}” are drawn in their style.\n\nThe card of {old.name}:\n\n"
    )
    credit = f"The decoder was tuned on {told.pictures} pictures of the user's own, whose rights are theirs.\n\n"
    for file, text in ((old.card, card), (old.attribution, credit)):
        before = (beside / file).read_text(encoding="utf-8") if (beside / file).exists() else ""
        (beside / file).write_text(text + before, encoding="utf-8")


@torch.no_grad()
def _check(bundle: Bundle, decoder: Decoder) -> None:
    error = difference(decoder_graph(decoder, bundle.manifest.text.max_tokens), bundle, "decoder")
    if not error <= TOLERANCE:
        raise BundleError(
            f"The written decoder draws otherwise than the trained one, by {error:.1%}; train more gently, with --rate."
        )
