"""The tiny bundle with a real decoder in it, exported from PyTorch: one that can be brought back and tuned."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sfumato.bundle.manifest import MANIFEST, Graph, Manifest
from sfumato.bundle.store import write_manifest
from sfumato.networks.decoder import Decoder, DecoderConfig
from sfumato.networks.graphs import decoder_graph
from sfumato.networks.unet import UNetConfig
from sfumato.networks.weights import config_json
from sfumato_train.export import Weights, write_graph
from support.tiny_bundle import SHAPE

SMALL = DecoderConfig(
    channels=SHAPE.C,
    size=SHAPE.S,
    embedding=SHAPE.E,
    text_width=SHAPE.D,
    unet=UNetConfig(widths=(32, 64), blocks=(1, 1), attention=(False, True), embedding=16, context=16),
)


def small_decoder(seed: int = 3) -> Decoder:
    """Random weights, none of them zero."""
    decoder = Decoder(SMALL)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in decoder.parameters():
            fan = parameter[0].numel() if parameter.ndim > 1 else 4
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * fan**-0.5)
    return decoder.eval()


def make_tunable_bundle(
    source: Path, folder: Path, *, weights: Weights = "f16", described: bool = True, name: str = "tunable"
) -> Path:
    """A copy of the tiny bundle at `source` with `small_decoder`. described: the manifest says its sizes."""
    shutil.copytree(source, folder)
    for old in folder.glob("decoder.*"):
        old.unlink()
    decoder = small_decoder()
    graph = decoder_graph(decoder.requires_grad_(False), SHAPE.L)
    write_graph(graph, folder / "decoder.xml", weights=weights)
    manifest = Manifest.read(folder / MANIFEST)
    graphs = {**manifest.graphs, "decoder": Graph(file="decoder.xml", precision=weights)}
    networks = {"decoder": config_json(SMALL)} if described else None
    write_manifest(folder, replace(manifest, name=name, graphs=graphs, networks=networks, files={}))
    return folder


def write_pictures(folder: Path, count: int, *, captions: bool = True, size: int = 48) -> Path:
    """Discs of many colours on transparency, each with its caption."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[:size, :size] - size / 2 + 0.5
    for k in range(count):
        pixels = np.zeros((size, size, 4), np.uint8)
        inside = rows**2 + columns**2 < (size * (0.2 + 0.02 * (k % 10))) ** 2
        pixels[inside] = (37 * k % 256, 91 * k % 256, 53 * k % 256, 255)
        Image.fromarray(pixels).save(folder / f"round_thing_{k}.png")
        if captions:
            (folder / f"round_thing_{k}.txt").write_text("a red apple\na star\n", encoding="utf-8")
    return folder
