"""The model that ships: stickers, emoji, icons and simple illustrations, for two CPU cores."""

from sfumato.bundle.manifest import ArPreset, StagePreset, Stages
from sfumato.networks.ar_prior import ArPriorConfig
from sfumato.networks.autoencoder import AutoencoderConfig
from sfumato.networks.clip import ClipConfig
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.language import LanguageConfig
from sfumato.networks.prior import PriorConfig
from sfumato.networks.unet import UNetConfig
from sfumato.networks.upsampler import UpsamplerConfig
from sfumato_train.config import (
    ArPriorStage,
    AutoencoderStage,
    ClipStage,
    DecoderStage,
    JudgeStage,
    LanguageStage,
    OptimConfig,
    PriorStage,
    Recipe,
    TimesConfig,
    TrainConfig,
    UpsamplerStage,
)
from sfumato_train.data.stream import StreamConfig

DOMAIN = "Stickers, emoji, icons and simple illustrations with transparency; not photographs."


def sticker() -> Recipe:
    """Stages in training order; each says how long it is worth training, `--minutes` cuts it shorter."""
    return Recipe(
        name="sticker",
        domain=DOMAIN,
        sizes=(256, 512, 1024),
        stages={
            "autoencoder": autoencoder(),
            "clip": clip(),
            "decoder": latent_decoder(),
            "decoder_pixel": pixel_decoder(),
            "prior": prior(),
            "ar_prior": ar_prior(),
            "language": language(),
            "upsampler_256": upsampler_256(),
            "upsampler_1024": upsampler_1024(),
            "judge": judge(),
        },
        preset=Stages(
            prior=StagePreset(schedule="cosine", sampler="dpmpp_2m", steps=12, guidance=2.0, candidates=2),
            ar_prior=ArPreset(guidance=2.0, candidates=2),
            decoder=StagePreset(schedule="flow", sampler="dpmpp_2m", steps=20, guidance=3.0),
            upsampler_256=StagePreset(schedule="flow", sampler="euler", steps=2),
            upsampler_1024=StagePreset(schedule="flow", sampler="euler", steps=1),
        ),
    )


def autoencoder() -> AutoencoderStage:
    """64² RGBA to 8×8×32."""
    return AutoencoderStage(
        network=AutoencoderConfig(channels=32),
        train=TrainConfig(batch=32, steps=40_000, ema=0.998, optim=OptimConfig(learning_rate=8e-4)),
        stream=StreamConfig(scene_fraction=0.25, background_fraction=0.25),
    )


def clip() -> ClipStage:
    """Both towers; large batches, a third of each batch made of pairs of one concept."""
    return ClipStage(
        network=ClipConfig(),
        train=TrainConfig(batch=192, steps=20_000, ema=0.995, optim=OptimConfig(learning_rate=1e-3, warmup=100)),
        stream=StreamConfig(scene_fraction=0.3, concept_pairs=0.35),
    )


def prior() -> PriorStage:
    """10M parameters: two graphs hold them (prefix and step), so the bundle pays twice."""
    return PriorStage(
        network=PriorConfig(width=320, depth=8, heads=5),
        train=TrainConfig(batch=128, steps=30_000, ema=0.998, optim=OptimConfig(learning_rate=6e-4)),
    )


def language() -> LanguageStage:
    """5.4M parameters, a third of them words; needs clip."""
    return LanguageStage(
        network=LanguageConfig(),
        train=TrainConfig(batch=64, steps=30_000, ema=0.995, optim=OptimConfig(learning_rate=1e-3, warmup=100)),
        stream=StreamConfig(scene_fraction=0.3, background_fraction=0.25),
    )


def ar_prior() -> ArPriorStage:
    """3.4M parameters. 48 components leave 0.7 % of the embedding out, 128 buckets 0.07 % more: the log has both."""
    return ArPriorStage(
        network=ArPriorConfig(components=48, buckets=128, width=256, depth=4, heads=8),
        train=TrainConfig(batch=64, steps=30_000, ema=0.995, optim=OptimConfig(learning_rate=1e-3, warmup=50)),
    )


def latent_decoder() -> DecoderStage:
    """A U-Net of 8² and 4² maps over the autoencoder's latents, its middle aligned with CLIP's image tower."""
    unet = UNetConfig(widths=(192, 320), blocks=(2, 2))
    return DecoderStage(
        network=DecoderConfig(channels=32, size=8, patch=1, unet=unet, align=ClipConfig().image.widths[-1]),
        space="latent",
        alignment=0.5,
        train=_decoder_training(),
        times=TimesConfig(mean=0.2, spread=1.0),
    )


def pixel_decoder() -> DecoderStage:
    """The rival: a U-Net over pixels after space-to-depth by 4, maps of 16², 8² and 4²."""
    unet = UNetConfig(widths=(96, 192, 320), blocks=(2, 2, 1), attention=(False, True, True))
    return DecoderStage(
        network=DecoderConfig(channels=4, size=64, patch=4, unet=unet),
        space="pixel",
        train=_decoder_training(),
        times=TimesConfig(mean=0.5, spread=1.0),
    )


def _decoder_training() -> TrainConfig:
    return TrainConfig(
        batch=64, steps=400_000, ema=0.9985, sheet_every=500, optim=OptimConfig(learning_rate=1e-3, warmup=300)
    )


def upsampler_256() -> UpsamplerStage:
    """64² to 256²."""
    unet = UNetConfig(widths=(64, 128, 192), blocks=(1, 1, 1), attention=(False,) * 3, embedding=128)
    return UpsamplerStage(
        network=UpsamplerConfig(low_size=64, inpaints=True, unet=unet),
        train=TrainConfig(batch=16, steps=100_000, ema=0.998, optim=OptimConfig(learning_rate=8e-4)),
        stream=StreamConfig(size=256, scene_fraction=0.2, background_fraction=0.2),
        crop=128,
    )


def upsampler_1024() -> UpsamplerStage:
    """256² to 1024², maps of 256² at the most."""
    unet = UNetConfig(widths=(24, 64, 128), blocks=(1, 1, 1), attention=(False,) * 3, embedding=96)
    return UpsamplerStage(
        network=UpsamplerConfig(low_size=256, inpaints=True, unet=unet),
        train=TrainConfig(batch=16, steps=100_000, ema=0.998, optim=OptimConfig(learning_rate=8e-4)),
        crop=128,
        large=True,
        crops_per_picture=8,
        through_autoencoder=0.0,
    )


def judge() -> JudgeStage:
    """The detector of the evaluation: no part of the model, and apart from its CLIP. An hour of one core."""
    return JudgeStage(
        train=TrainConfig(
            batch=64,
            steps=6000,
            ema=0.995,
            optim=OptimConfig(learning_rate=1.5e-3, weight_decay=0.05, warmup=100, cooldown=2000),
        ),
        stream=StreamConfig(scene_fraction=0.6, background_fraction=0.2, concept_pairs=0.0),
    )
