"""A stage of each kind, as small as its networks in `support.networks`."""

from __future__ import annotations

from dataclasses import replace

from sfumato.networks.clip import ClipConfig, ImageConfig
from sfumato.networks.text import TextConfig
from sfumato.networks.upsampler import UpsamplerConfig
from sfumato_train.config import (
    ArPriorStage,
    AutoencoderStage,
    ClipStage,
    DecoderStage,
    LanguageStage,
    PriorStage,
    Stage,
    TimesConfig,
    TrainConfig,
    UpsamplerStage,
)
from sfumato_train.data.stream import StreamConfig
from support.networks import AR_PRIOR, CLIP, LANGUAGE, LATENT, PIXEL, PLAIN, PRIOR, SPACE

TRAIN = TrainConfig(batch=4, steps=4, ema=0.5, bf16=False, log_every=1, save_every=100, sheet_every=100)
# MiniLM's own width, since its weights are loaded; one layer of it.
MINILM = ClipConfig(
    text=TextConfig(depth=1),
    image=ImageConfig(widths=(16, 16, 32), blocks=(1, 1, 1)),
    embedding=20,
    tuned_text_layers=1,
)


def aligned(stage: Stage, *, weight: float = 0.5) -> DecoderStage:
    """A decoder's stage that is aligned with the image tower of `support.networks`."""
    assert isinstance(stage, DecoderStage)
    return replace(stage, alignment=weight, network=replace(stage.network, align=CLIP.image.widths[-1]))


STAGES: dict[str, Stage] = {
    "autoencoder": AutoencoderStage(network=SPACE, train=TRAIN),
    "clip": ClipStage(network=MINILM, train=TRAIN),
    "decoder": DecoderStage(network=LATENT, train=TRAIN, masked=0.5),
    "decoder_pixel": DecoderStage(network=PIXEL, space="pixel", train=TRAIN),
    "prior": PriorStage(network=PRIOR, train=TRAIN),
    "ar_prior": ArPriorStage(network=AR_PRIOR, train=TRAIN, fit_samples=15),
    "language": LanguageStage(network=LANGUAGE, train=TRAIN, drop_z=0.5, corpus=64),
    "upsampler_256": UpsamplerStage(
        network=UpsamplerConfig(low_size=64, inpaints=True, unet=PLAIN),
        train=TRAIN,
        stream=StreamConfig(size=256),
        times=TimesConfig(at_noise=0.5),
        crop=32,
    ),
    "upsampler_1024": UpsamplerStage(
        network=UpsamplerConfig(low_size=256, unet=PLAIN),
        train=TRAIN,
        crop=64,
        large=True,
        crops_per_picture=4,
        through_autoencoder=0.0,
    ),
}
