"""Configuration of training: frozen dataclasses that travel as JSON inside every checkpoint."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sfumato.bundle.manifest import Stages
from sfumato.networks.autoencoder import AutoencoderConfig
from sfumato.networks.clip import ClipConfig
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.prior import PriorConfig
from sfumato.networks.upsampler import UpsamplerConfig
from sfumato_train.data.stream import StreamConfig

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """AdamW with linear warm-up, then a constant rate, then a linear cool-down over the last `cooldown` steps."""

    learning_rate: Positive = 1e-3
    betas: tuple[Decay, Decay] = (0.9, 0.99)
    weight_decay: NotNegative = 0.01
    warmup: Annotated[int, Field(ge=0)] = 200
    cooldown: Annotated[int, Field(ge=0)] = 0
    clip: Positive = 1.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What the loop needs to know; `batch` is the global batch over all ranks.

    `bf16`: autocast over fp32 weights; None takes what a matrix product is faster in on this machine. A run that must
    be bit-exact on several machines sets it.
    """

    batch: Count = 64
    steps: Count = 10_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    ema: Decay = 0.999
    optim: OptimConfig = field(default_factory=OptimConfig)
    bf16: bool | None = None
    log_every: Count = 20
    save_every: Count = 500
    sheet_every: Count = 500
    keep: Count = 2


@dataclass(frozen=True, kw_only=True)
class TimesConfig:
    """Distribution of training times: t = sigmoid(mean + spread·n), n normal (Esser et al. 2024, section 3.1).

    A share `at_noise` of the samples has t = 1, for stages that are run in one or two steps.
    """

    mean: float = 0.0
    spread: NotNegative = 1.0
    at_noise: Share = 0.0


@dataclass(frozen=True, kw_only=True)
class ClipStage:
    """Contrastive training of both towers."""

    kind: Literal["clip"] = "clip"
    network: ClipConfig = field(default_factory=ClipConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)


@dataclass(frozen=True, kw_only=True)
class AutoencoderStage:
    """The space of latents; `noise`: largest standard deviation of the noise added to them in training.

    `freeze_encoder` trains only the way back to pictures: the space, and so a decoder trained in it, stays valid.
    """

    kind: Literal["autoencoder"] = "autoencoder"
    network: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    noise: NotNegative = 0.2
    freeze_encoder: bool = False


@dataclass(frozen=True, kw_only=True)
class PriorStage:
    """Diffusion prior; `drop_txt`: share of samples without their caption."""

    kind: Literal["prior"] = "prior"
    network: PriorConfig = field(default_factory=PriorConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    schedule: str = "cosine"
    drop_txt: Share = 0.1


@dataclass(frozen=True, kw_only=True)
class DecoderStage:
    """Decoder in a space; drops as in unCLIP (section 2.1), masks in a share of the samples as in GLIDE (section 4.1).

    `velocity_floor` bounds the weight of the loss on v near t = 0 (Li & He 2025).
    """

    kind: Literal["decoder"] = "decoder"
    network: DecoderConfig = field(default_factory=DecoderConfig)
    space: Literal["pixel", "latent"] = "latent"
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    times: TimesConfig = field(default_factory=TimesConfig)
    schedule: str = "flow"
    drop_z: Share = 0.1
    drop_txt: Share = 0.5
    masked: Share = 0.2
    velocity_floor: Positive = 0.05


@dataclass(frozen=True, kw_only=True)
class UpsamplerStage:
    """Upsampler on crops; `crop`: side of the high-resolution crop; `large`: learns from the 1024² pictures."""

    kind: Literal["upsampler"] = "upsampler"
    network: UpsamplerConfig = field(default_factory=UpsamplerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=lambda: StreamConfig(size=256))
    times: TimesConfig = field(default_factory=lambda: TimesConfig(at_noise=0.5))
    schedule: str = "flow"
    crop: Count = 128
    large: bool = False
    crops_per_picture: Count = 2
    through_autoencoder: Share = 0.5


Stage = Annotated[
    ClipStage | AutoencoderStage | PriorStage | DecoderStage | UpsamplerStage, Field(discriminator="kind")
]
STAGE: TypeAdapter[Stage] = TypeAdapter(Stage)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A full model: its stages by name, in training order, and the preset of the bundle made of them."""

    name: str
    domain: str
    sizes: tuple[int, ...]
    stages: dict[str, Stage]
    preset: Stages
