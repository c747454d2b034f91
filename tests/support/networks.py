"""Small untrained networks whose zero-initialised heads are filled, so that every input can be seen in the output."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.diffusion.buckets import fit
from sfumato.networks.ar_prior import ArPrior, ArPriorConfig
from sfumato.networks.autoencoder import Autoencoder, AutoencoderConfig
from sfumato.networks.clip import Clip, ClipConfig, ImageConfig
from sfumato.networks.decoder import Decoder, DecoderConfig
from sfumato.networks.language import Language, LanguageConfig
from sfumato.networks.prior import Prior, PriorConfig
from sfumato.networks.text import TextConfig
from sfumato.networks.unet import UNetConfig
from sfumato.networks.upsampler import Upsampler, UpsamplerConfig
from sfumato.networks.weights import config_json, kind_of
from sfumato_train.checkpoint import Snapshot, save
from sfumato_train.config import STAGE
from sfumato_train.embedding_code import put_code
from sfumato_train.recipes.tiny import tiny

M = TypeVar("M", bound=nn.Module)
TEXT = TextConfig(width=24, depth=2, heads=3, hidden=48)
CLIP = ClipConfig(
    text=TEXT, image=ImageConfig(widths=(16, 16, 32), blocks=(1, 1, 1)), embedding=20, tuned_text_layers=1
)
PRIOR = PriorConfig(embedding=20, text_width=24, width=32, depth=3, heads=2)
AR_PRIOR = ArPriorConfig(
    embedding=20, text_width=24, components=5, buckets=8, width=32, depth=3, heads=2, max_words=32
)
LANGUAGE = LanguageConfig(
    embedding=20, vocabulary=200, width=32, depth=2, heads=2, picture_tokens=2, max_tokens=32, joins=64
)
UNET = UNetConfig(widths=(32, 32), blocks=(1, 1), embedding=16, context=16)
LATENT = DecoderConfig(channels=6, size=8, patch=1, embedding=20, text_width=24, unet=UNET)
PIXEL = DecoderConfig(channels=4, size=64, patch=4, embedding=20, text_width=24, unet=UNET)
SPACE = AutoencoderConfig(channels=6, widths=(8, 16, 16), encoder_blocks=(1, 1), decoder_blocks=(1, 1, 1))
PLAIN = UNetConfig(widths=(16, 16), blocks=(1, 1), attention=(False, False), embedding=16)


def filled(network: M, *, seed: int = 0) -> M:
    """The network in evaluation mode, what was zero now small random numbers."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if not parameter.any():
            parameter.data.normal_(0, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


def coded(network: ArPrior, *, seed: int = 0) -> ArPrior:
    """The network with the code of random embeddings."""
    config, generator = network.config, np.random.default_rng(seed)
    z = generator.standard_normal((2, 64, config.embedding)).astype(np.float32)
    z_img, z_txt = z / np.linalg.norm(z, axis=2, keepdims=True)
    put_code(network, fit(z_img, z_txt, components=config.components, buckets=config.buckets))
    return network


def speaking(network: Language) -> Language:
    """With a vocabulary: the tokenizer's own words from 1996 ("the") on, all of which may end."""
    count = network.config.vocabulary
    network.words.copy_(torch.tensor([100, 101, 102, *range(1996, 1996 + count - 3)]))
    network.ends.copy_(network.words > 102)
    return filled(network)


def tiny_networks(*, pixel: bool = False) -> dict[str, nn.Module]:
    """Every stage of a model, by name."""
    torch.manual_seed(3)
    space: dict[str, nn.Module] = {} if pixel else {"autoencoder": filled(Autoencoder(SPACE))}
    return space | {
        "clip": filled(Clip(CLIP)),
        "prior": filled(Prior(PRIOR)),
        "language": speaking(Language(LANGUAGE)),
        "ar_prior": coded(filled(ArPrior(AR_PRIOR))),
        "decoder": filled(Decoder(PIXEL if pixel else LATENT)),
        "upsampler_256": filled(Upsampler(UpsamplerConfig(low_size=64, inpaints=True, unet=PLAIN))),
        "upsampler_1024": filled(Upsampler(UpsamplerConfig(low_size=256, unet=PLAIN))),
    }


def caption(batch: int, length: int, real: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random features [B, L, 24] and a mask of which the first `real` are ones."""
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.arange(length) < real).long().expand(batch, -1)
    return torch.randn(batch, length, 24, generator=generator), mask


def write_checkpoints(runs: Path, networks: dict[str, nn.Module]) -> Path:
    """Checkpoints as if the tiny recipe's stages had been trained for one step."""
    stages = tiny().stages
    for name, network in networks.items():
        state = dict(network.state_dict())
        metadata = {
            "kind": kind_of(network),
            "network": config_json(network.config),
            "stage": STAGE.dump_json(stages[name]).decode(),
            "step": "1",
        }
        ema = {key: tensor.clone() for key, tensor in state.items()}
        save(runs / name, 1, Snapshot(model=state, ema=ema, optim={}, metadata=metadata), keep=1)
    return runs
