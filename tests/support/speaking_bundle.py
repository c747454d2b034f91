"""The tiny bundle with a language model of random weights, made in a moment."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import torch

from sfumato.bundle.manifest import MANIFEST, Graph, LanguageShape, Manifest
from sfumato.bundle.store import write_manifest
from sfumato.networks.graphs import graphs
from sfumato.networks.language import Language, LanguageConfig
from sfumato_train.export import write_graph
from support.networks import filled
from support.tiny_bundle import SHAPE, VOCABULARY

PIECES = ("[UNK]", "[CLS]", "[SEP]", *VOCABULARY[4:])
CONFIG = LanguageConfig(
    embedding=SHAPE.E, vocabulary=len(PIECES), width=16, depth=1, heads=2, picture_tokens=2, max_tokens=16, joins=4
)


def make_speaking_bundle(tiny: Path, folder: Path, *, seed: int = 0) -> Path:
    """Copies the bundle `tiny` to `folder`, adds graph, words and manifest entry, and returns it."""
    shutil.copytree(tiny, folder)
    torch.manual_seed(seed)
    network = filled(Language(CONFIG))
    torch.nn.init.normal_(network.embed.weight, std=0.3)
    torch.nn.init.normal_(network.sight.weight, std=1.0)
    write_graph(graphs({"language": network})["language"], folder / "language.xml", weights="f16")
    lines = [f"{piece}\t{int(not piece.startswith('['))}\t{after(piece)}\n" for piece in PIECES]
    (folder / "language.tsv").write_text("".join(lines), encoding="utf-8")
    depth, pair, heads, places, width = CONFIG.cache_shape
    shape = LanguageShape(words="language.tsv", cache=(depth, pair, heads, places, width), picture_tokens=2)
    manifest = Manifest.read(folder / MANIFEST)
    entries = {**manifest.graphs, "language": Graph(file="language.xml", precision="f16")}
    write_manifest(folder, dataclasses.replace(manifest, graphs=entries, language=shape))
    return folder


def after(piece: str) -> str:
    """Only "##s" ever goes on, with the words of letters."""
    return str(PIECES.index("##s")) if piece in {"apple", "cat", "hat", "star"} else ""
