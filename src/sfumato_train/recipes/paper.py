"""DALL·E 2 at its own size (Ramesh et al. 2022, appendix C, table 3), for clusters.

Parameters, batches, rates, betas and averages are the paper's; the networks are this project's, so that depth and width
were chosen for the paper's number of parameters: one skip a level instead of one a block leaves room for more blocks,
and the caption reaches the decoder through CLIP's text tower instead of a 1.2B encoder of its own, whose parameters the
U-Net has in its stead. `docs/scale.md` says what it takes to train.
"""

from sfumato.bundle.manifest import StagePreset, Stages
from sfumato.networks.clip import ClipConfig, ImageConfig
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.prior import PriorConfig
from sfumato.networks.text import TextConfig
from sfumato.networks.unet import UNetConfig
from sfumato.networks.upsampler import UpsamplerConfig
from sfumato_train.config import (
    ClipStage,
    DecoderStage,
    OptimConfig,
    PriorStage,
    Recipe,
    TimesConfig,
    TrainConfig,
    UpsamplerStage,
)
from sfumato_train.data.stream import StreamConfig

EMBEDDING, TEXT = 1024, 1024


def paper() -> Recipe:
    """Stages in training order; sampling as in table 3 (the decoder's 250 steps are DDIM's here)."""
    return Recipe(
        name="paper",
        domain="Whatever the pictures show that it is trained on.",
        sizes=(256, 512, 1024),
        stages={
            "clip": clip(),
            "prior": prior(),
            "decoder": decoder(),
            "upsampler_256": upsampler_256(),
            "upsampler_1024": upsampler_1024(),
        },
        preset=Stages(
            prior=StagePreset(schedule="cosine", sampler="dpmpp_2m", steps=64, candidates=2),
            decoder=StagePreset(schedule="cosine", sampler="ddim", steps=250, guidance=3.0),
            upsampler_256=StagePreset(schedule="cosine", sampler="ddim", steps=27),
            upsampler_1024=StagePreset(schedule="linear", sampler="ddim", steps=15),
        ),
    )


def clip() -> ClipStage:
    """Text as wide and deep as the paper's (1024 × 24); a convolutional image tower of ViT-H's size, 0.65B."""
    return ClipStage(
        network=ClipConfig(
            text=TextConfig(max_tokens=77, width=TEXT, depth=24, heads=16, hidden=4096),
            image=ImageConfig(size=64, patch=2, widths=(320, 640, 1280, 1280), blocks=(3, 4, 16, 4)),
            embedding=EMBEDDING,
            tuned_text_layers=24,
        ),
        train=_training(32_768, 100_000, rate=3e-4, beta=0.98, ema=0.999),
        stream=StreamConfig(scene_fraction=0.0, background_fraction=0.0),
    )


def prior() -> PriorStage:
    """1.2B."""
    return PriorStage(
        network=PriorConfig(embedding=EMBEDDING, text_width=TEXT, width=2048, depth=24, heads=32),
        train=_training(4096, 600_000, rate=1.1e-4, beta=0.96, ema=0.9999),
    )


def decoder() -> DecoderStage:
    """3.5B over pixels, as in the paper."""
    unet = UNetConfig(
        widths=(640, 1280, 1920, 2560),
        blocks=(4, 4, 4, 5),
        attention=(False, True, True, True),
        middle=2,
        embedding=2048,
        context=2048,
    )
    return DecoderStage(
        network=DecoderConfig(channels=4, size=64, embedding=EMBEDDING, text_width=TEXT, unet=unet),
        space="pixel",
        schedule="cosine",
        times=TimesConfig(spread=1.6),
        train=_training(2048, 800_000, rate=1.2e-4, beta=0.999, ema=0.9999),
    )


def upsampler_256() -> UpsamplerStage:
    """0.7B; learns from crops of a quarter of the size."""
    unet = UNetConfig(
        widths=(336, 672, 1008, 1344), blocks=(4,) * 4, attention=(False,) * 4, middle=2, embedding=1344
    )
    return UpsamplerStage(
        network=UpsamplerConfig(low_size=64, inpaints=True, unet=unet),
        schedule="cosine",
        crop=64,
        through_autoencoder=0.0,
        train=_training(1024, 1_000_000, rate=1.2e-4, beta=0.999, ema=0.9999),
    )


def upsampler_1024() -> UpsamplerStage:
    """0.3B; learns from crops of a quarter of the size."""
    unet = UNetConfig(
        widths=(240, 240, 480, 480, 960, 960), blocks=(2,) * 6, attention=(False,) * 6, middle=2, embedding=960
    )
    return UpsamplerStage(
        network=UpsamplerConfig(low_size=256, inpaints=True, unet=unet),
        schedule="linear",
        crop=256,
        large=True,
        through_autoencoder=0.0,
        train=_training(512, 1_000_000, rate=1.0e-4, beta=0.999, ema=0.9999),
    )


def _training(batch: int, steps: int, *, rate: float, beta: float, ema: float) -> TrainConfig:
    """FSDP and bf16: no stage but the last fits one accelerator with its optimiser."""
    return TrainConfig(
        batch=batch,
        steps=steps,
        ema=ema,
        bf16=True,
        recompute=True,
        parallel="fsdp",
        save_every=5_000,
        sheet_every=5_000,
        optim=OptimConfig(learning_rate=rate, betas=(0.9, beta), warmup=2_000),
    )
