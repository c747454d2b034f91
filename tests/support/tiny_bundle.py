"""A complete bundle of random weights, made in about a second: what every test of drawing runs on."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import openvino as ov
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from sfumato.bundle.code import write_code
from sfumato.bundle.manifest import (
    ArPreset,
    ArPriorShape,
    Embedding,
    Graph,
    Manifest,
    Space,
    StagePreset,
    Stages,
    TextShape,
)
from sfumato.bundle.store import write_manifest
from sfumato.diffusion.buckets import Code, fit
from support.tiny_graphs import TinyShape, build

Kind = Literal["latent", "pixel"]
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("a", "an", "apple", "asleep", "blue", "cat", "fox", "green", "hat", "on", "red", "star", "##s", "two")
VOCABULARY = (*SPECIAL, *WORDS, *(f"##{c}" for c in string.ascii_lowercase if c != "s"), *"bcdefg,.!")
SHAPE = TinyShape(V=len(VOCABULARY))
PIXEL_SHAPE = replace(SHAPE, C=4, S=64)
PRIOR = StagePreset(schedule="cosine", sampler="dpmpp_2m", steps=4, candidates=2)
DECODER = StagePreset(schedule="flow", sampler="dpmpp_2m", steps=5, guidance=3.0)
UPSAMPLER_256 = StagePreset(schedule="flow", sampler="euler", steps=2)
UPSAMPLER_1024 = StagePreset(schedule="flow", sampler="euler", steps=1)
AR_PRIOR = ArPriorShape(
    code="ar_prior.npz",
    cache=(1, 2, 1, SHAPE.places, SHAPE.D),
    numbers=SHAPE.numbers,
    buckets=SHAPE.buckets,
)


def make_tiny_bundle(
    folder: Path, *, kind: Kind = "latent", seed: int = 0, name: str = "tiny", ar: ArPreset | None = None
) -> Path:
    """Writes the bundle into `folder` (made if missing) and returns it. Equal seeds give equal weights.

    ar: with an autoregressive prior of this preset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = SHAPE if kind == "latent" else PIXEL_SHAPE
    manifest = tiny_manifest(kind=kind, name=name)
    if ar is not None:
        manifest = with_ar_prior(manifest, ar)
        write_code(tiny_code(), folder / AR_PRIOR.code)
    for graph, entry in manifest.graphs.items():
        ov.save_model(build(graph, shape, seed=seed), folder / entry.file, compress_to_fp16=False)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / manifest.card).write_text("A model of random weights, for tests.\n", encoding="utf-8")
    (folder / manifest.attribution).write_text("Nothing of anybody's.\n", encoding="utf-8")
    write_manifest(folder, manifest)
    return folder


def tiny_manifest(*, kind: Kind = "latent", name: str = "tiny") -> Manifest:
    """The manifest before its files are hashed."""
    shape = SHAPE if kind == "latent" else PIXEL_SHAPE
    graphs = ["text", "image", "prior_prefix", "prior_step", "decoder", "upsampler_256", "upsampler_1024"]
    graphs += ["space_encoder", "space_decoder"] if kind == "latent" else []
    return Manifest(
        name=name,
        version="0.0.1",
        domain="Coloured noise.",
        licence="Apache-2.0",
        sizes=(256, 512, 1024),
        embedding=Embedding(dim=shape.E, scale=0.5375 * shape.E**0.5),
        text=TextShape(max_tokens=shape.L, width=shape.D),
        space=Space(kind=kind, channels=shape.C, size=shape.S),
        stages=Stages(
            prior=PRIOR, decoder=DECODER, upsampler_256=UPSAMPLER_256, upsampler_1024=UPSAMPLER_1024
        ),
        graphs={
            graph: Graph(file=f"{graph}.xml", precision="f32", inpaints=graph.startswith("upsampler"))
            for graph in graphs
        },
        scores={"clip_retrieval_top1": 0.01},
    )


def with_ar_prior(manifest: Manifest, preset: ArPreset) -> Manifest:
    """The manifest of the same model with an autoregressive prior."""
    graph = Graph(file="ar_prior.xml", precision="f32")
    graphs, stages = {**manifest.graphs, "ar_prior": graph}, replace(manifest.stages, ar_prior=preset)
    return replace(manifest, graphs=graphs, stages=stages, ar_prior=AR_PRIOR)


def tiny_code() -> Code:
    """A code of random embeddings, of the tiny model's sizes."""
    z = np.random.default_rng(5).standard_normal((2, 70, SHAPE.E)).astype(np.float32)
    z_img, z_txt = z / np.linalg.norm(z, axis=2, keepdims=True)
    return fit(z_img, z_txt, components=SHAPE.numbers - 1, buckets=SHAPE.buckets)


def tiny_tokenizer() -> Tokenizer:
    """Uncased WordPiece as in BERT, over a few words and the letters that continue them."""
    ids = {token: index for index, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer
