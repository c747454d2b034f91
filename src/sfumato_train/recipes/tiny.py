"""Every stage in miniature: what the tests train end to end in minutes."""

from sfumato.bundle.manifest import ArPreset, StagePreset, Stages
from sfumato.networks.ar_prior import ArPriorConfig
from sfumato.networks.autoencoder import AutoencoderConfig
from sfumato.networks.clip import ClipConfig, ImageConfig
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.detector import DetectorConfig
from sfumato.networks.language import LanguageConfig
from sfumato.networks.prior import PriorConfig
from sfumato.networks.text import TextConfig
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
    TrainConfig,
    UpsamplerStage,
)
from sfumato_train.evals.composition.vocabulary import names, vocabulary_of
from sfumato_train.evals.composition.wanted import COLOURS

E = 64
THINGS = vocabulary_of("ball = red ball + green ball + blue ball, box = red box + green box, star = red star")


def tiny() -> Recipe:
    """Small networks and a few dozen steps a stage; the text tower is MiniLM's first two layers."""
    fast = UNetConfig(widths=(32, 48), blocks=(1, 1), attention=(False, False), embedding=32)
    return Recipe(
        name="tiny",
        domain="A miniature for tests: it draws smudges.",
        sizes=(256, 512, 1024),
        stages={
            "autoencoder": AutoencoderStage(
                network=AutoencoderConfig(channels=8, widths=(16, 32, 32)), train=_training(60, batch=16)
            ),
            "clip": ClipStage(
                network=ClipConfig(
                    text=TextConfig(depth=2),
                    image=ImageConfig(widths=(32, 48, 64), blocks=(1, 1, 1)),
                    embedding=E,
                    tuned_text_layers=1,
                ),
                train=_training(40, batch=32),
            ),
            "decoder": DecoderStage(
                network=DecoderConfig(
                    channels=8,
                    embedding=E,
                    unet=UNetConfig(widths=(64, 96), blocks=(1, 1), embedding=64, context=64),
                    align=64,
                ),
                alignment=0.5,
                train=_training(60, batch=32),
            ),
            "prior": PriorStage(
                network=PriorConfig(embedding=E, width=64, depth=2, heads=2), train=_training(60, batch=32)
            ),
            "language": LanguageStage(
                network=LanguageConfig(embedding=E, vocabulary=256, width=64, depth=2, heads=2),
                train=_training(60, batch=32),
                corpus=256,
            ),
            "ar_prior": ArPriorStage(
                network=ArPriorConfig(embedding=E, components=8, buckets=16, width=64, depth=2, heads=2),
                train=_training(60, batch=32),
                fit_samples=128,
            ),
            "upsampler_256": UpsamplerStage(
                network=UpsamplerConfig(low_size=64, inpaints=True, unet=fast), train=_training(30, batch=8), crop=64
            ),
            "upsampler_1024": UpsamplerStage(
                network=UpsamplerConfig(low_size=256, inpaints=True, unet=fast),
                train=_training(20, batch=8),
                crop=64,
                large=True,
                crops_per_picture=8,
                through_autoencoder=0.0,
            ),
            "judge": JudgeStage(
                things=THINGS,
                network=DetectorConfig(
                    things=names(THINGS), colours=COLOURS, widths=(16, 32, 32), blocks=(1, 1, 1), features=32
                ),
                train=_training(40, batch=16),
            ),
        },
        preset=Stages(
            prior=StagePreset(schedule="cosine", sampler="dpmpp_2m", steps=4, candidates=2),
            ar_prior=ArPreset(candidates=2),
            decoder=StagePreset(schedule="flow", sampler="dpmpp_2m", steps=4, guidance=2.0),
            upsampler_256=StagePreset(schedule="flow", sampler="euler", steps=1),
            upsampler_1024=StagePreset(schedule="flow", sampler="euler", steps=1),
        ),
    )


def _training(steps: int, *, batch: int) -> TrainConfig:
    return TrainConfig(
        batch=batch,
        steps=steps,
        ema=0.9,
        log_every=5,
        save_every=1000,
        sheet_every=1000,
        optim=OptimConfig(learning_rate=2e-3, warmup=5),
    )
