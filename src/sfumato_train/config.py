"""Configuration of training: frozen dataclasses that travel as JSON inside every checkpoint."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sfumato.bundle.manifest import Stages
from sfumato.networks.ar_prior import ArPriorConfig
from sfumato.networks.autoencoder import AutoencoderConfig
from sfumato.networks.clip import ClipConfig
from sfumato.networks.decoder import DecoderConfig
from sfumato.networks.detector import DetectorConfig
from sfumato.networks.language import LanguageConfig
from sfumato.networks.prior import PriorConfig
from sfumato.networks.upsampler import UpsamplerConfig
from sfumato_train.data.stream import StreamConfig
from sfumato_train.evals.composition.vocabulary import STICKER, Thing, names
from sfumato_train.evals.composition.wanted import COLOURS

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """The optimiser and the course of its rate.

    `name`: "muon" orthogonalises the momentum of matrices and kernels (Jordan 2024) and leaves the rest to AdamW.
    The rate warms up linearly over `warmup` steps, follows `schedule` ("constant", or falling to nothing at the last
    step as a line or as half a cosine), and cools down linearly over the last `cooldown` steps.
    """

    name: Literal["adamw", "muon"] = "adamw"
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    learning_rate: Positive = 1e-3
    betas: tuple[Decay, Decay] = (0.9, 0.99)
    weight_decay: NotNegative = 0.01
    warmup: Annotated[int, Field(ge=0)] = 200
    cooldown: Annotated[int, Field(ge=0)] = 0
    clip: Positive = 1.0
    momentum: Decay = 0.95


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What the loop needs to know; `batch` is the global batch over all ranks.

    `bf16`: autocast over fp32 weights; None takes what a matrix product is faster in on this machine, and keeps it
    when the run is resumed. `ema` is the decay of the averaged weights that ship, `emas` are further ones kept beside.
    `workers`: processes that make batches ahead of use; 0 is a thread, which is enough on few cores. `accumulate`:
    parts that a rank's share of the batch is computed in, one after another, to save memory. `recompute`: forget the
    inner activations of every block and compute them again for the gradient. `parallel`: under torchrun every process
    has the whole network ("ddp") or a part of every block ("fsdp").
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
    emas: tuple[Decay, ...] = ()
    workers: Annotated[int, Field(ge=0)] = 0
    accumulate: Count = 1
    recompute: bool = False
    parallel: Literal["ddp", "fsdp"] = "ddp"


@dataclass(frozen=True, kw_only=True)
class TimesConfig:
    """Distribution of training times: t = sigmoid(mean + spread·n), n normal (Esser et al. 2024, section 3.1).

    A share `at_noise` of the samples has t = 1, for stages that are run in one or two steps. `uniform` draws t evenly
    from (0, 1) instead.
    """

    uniform: bool = False
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
    """Diffusion prior; `drop_txt`: share of samples without their caption.

    `precomputed`: the frozen networks answered before, and what they said lies in the folder `features` of the runs
    (see `sfumato-train precompute`); so in the stages below.
    """

    kind: Literal["prior"] = "prior"
    network: PriorConfig = field(default_factory=PriorConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    schedule: str = "cosine"
    drop_txt: Share = 0.1
    precomputed: bool = False
    features: str = "features"


@dataclass(frozen=True, kw_only=True)
class ArPriorStage:
    """Autoregressive prior; `drop_txt`: share of samples without their caption, `fit_samples`: samples that the code
    of embeddings is fitted to before training begins, rounded up to whole batches."""

    kind: Literal["ar_prior"] = "ar_prior"
    network: ArPriorConfig = field(default_factory=ArPriorConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    drop_txt: Share = 0.1
    fit_samples: Count = 4096
    precomputed: bool = False
    features: str = "features"


@dataclass(frozen=True, kw_only=True)
class DecoderStage:
    """Decoder in a space; drops as in unCLIP (section 2.1), masks in a share of the samples as in GLIDE (section 4.1).

    `loss`: squared error of the velocity ("v"), of x_0 weighted by the signal-to-noise ratio up to 5 ("min_snr", Hang
    et al. 2023), or of x_0 as it is ("x0"). `velocity_floor` bounds the weight on v near t = 0 (Li & He 2025).
    `alignment`: weight of 1 − cos, the mean over places, between the frozen image tower's last map and what the middle
    of the U-Net points with (REPA, Yu et al. 2024, arXiv 2410.06940, equation 8); `network.align` is that map's width.
    """

    kind: Literal["decoder"] = "decoder"
    loss: Literal["v", "min_snr", "x0"] = "v"
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
    alignment: NotNegative = 0.0
    precomputed: bool = False
    features: str = "features"


@dataclass(frozen=True, kw_only=True)
class UpsamplerStage:
    """Upsampler on crops; `crop`: side of the high-resolution crop; `large`: learns from the 1024² pictures.

    `masked`: share of the crops of which a part is known, for networks that inpaint.
    """

    kind: Literal["upsampler"] = "upsampler"
    network: UpsamplerConfig = field(default_factory=UpsamplerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=lambda: StreamConfig(size=256))
    times: TimesConfig = field(default_factory=lambda: TimesConfig(at_noise=0.5))
    schedule: str = "flow"
    crop: Count = 128
    large: bool = False
    crops_per_picture: Count = 2
    masked: Share = 0.3
    through_autoencoder: Share = 0.5


@dataclass(frozen=True, kw_only=True)
class LanguageStage:
    """Captions of pictures; `drop_z`: share learnt without the picture, `corpus`: captions read for the vocabulary."""

    kind: Literal["language"] = "language"
    network: LanguageConfig = field(default_factory=LanguageConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    drop_z: Share = 0.25
    corpus: Count = 8192
    precomputed: bool = False
    features: str = "features"


@dataclass(frozen=True, kw_only=True)
class JudgeStage:
    """The detector that judges drawings, which no generator learns from.

    `things`: what it tells apart; the network's classes are their names. `staged`: share of the samples that are made
    of them, the others come from the stream; of these, `crowds` show things at random, the rest what tasks ask for.
    """

    kind: Literal["judge"] = "judge"
    things: tuple[Thing, ...] = STICKER
    network: DetectorConfig = field(default_factory=lambda: DetectorConfig(things=names(STICKER), colours=COLOURS))
    train: TrainConfig = field(default_factory=TrainConfig)
    stream: StreamConfig = field(default_factory=StreamConfig)
    staged: Share = 0.8
    crowds: Share = 0.6


@dataclass(frozen=True, kw_only=True)
class TuneStage:
    """A decoder that learns the user's own pictures; drops, masks and floor as in `DecoderStage`.

    `rank`: of the low-rank changes (method "lora"). Of the samples, `preserved` are drawings of the model as it was;
    of the others `styled` have a caption that names the style, and `imagined` the embedding that the prior makes of
    the caption in the place of the picture's own.
    """

    kind: Literal["tune"] = "tune"
    network: DecoderConfig = field(default_factory=DecoderConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    method: Literal["lora", "full"] = "lora"
    rank: Count = 16
    times: TimesConfig = field(default_factory=lambda: TimesConfig(mean=0.2))
    schedule: str = "flow"
    drop_z: Share = 0.15
    drop_txt: Share = 0.2
    masked: Share = 0.1
    preserved: Share = 0.15
    styled: Share = 0.9
    imagined: Share = 0.5
    velocity_floor: Positive = 0.05


Stage = Annotated[
    ClipStage
    | AutoencoderStage
    | PriorStage
    | ArPriorStage
    | DecoderStage
    | UpsamplerStage
    | LanguageStage
    | JudgeStage
    | TuneStage,
    Field(discriminator="kind"),
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
