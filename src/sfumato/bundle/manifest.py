"""What a bundle says about itself: manifest.json as frozen dataclasses, strictly validated."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from sfumato.bundle.decode import FieldError, decode, encode
from sfumato.diffusion.samplers import SAMPLERS
from sfumato.diffusion.schedule import SCHEDULES
from sfumato.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"
TOKENIZER = "tokenizer.json"
MAX_MANIFEST_BYTES = 1 << 20
DRAWING_GRAPHS = ("text", "image", "prior_prefix", "prior_step", "decoder", "upsampler_256")
LATENT_GRAPHS = ("space_encoder", "space_decoder")
LARGE = "upsampler_1024"
LANGUAGE = "language"
AR_PRIOR = "ar_prior"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """The CLIP space: its dimension E, and the factor that gives each coordinate the prior's spread.

    logit_scale: CLIP's inverse temperature, as trained; softmax(logit_scale · cosines) are probabilities of labels.
    threshold: the cosine at which a caption is as likely right as wrong for a picture, fitted on held-out pictures.
    The defaults are those of the first model, whose manifest lacks them.
    """

    dim: int
    scale: float
    logit_scale: float = 11.47
    threshold: float = 0.39

    def __post_init__(self) -> None:
        _require(self.dim >= 1, "dim", "must be at least 1")
        _require(self.scale > 0, "scale", "must be above 0")
        _require(0 < self.logit_scale <= 100, "logit_scale", "must be above 0 and at most 100")
        _require(-1 <= self.threshold <= 1, "threshold", "must be from -1 to 1")


@dataclass(frozen=True, kw_only=True)
class TextShape:
    """Tokens per prompt (L) and features per token (D)."""

    max_tokens: int
    width: int

    def __post_init__(self) -> None:
        _require(self.max_tokens >= 3, "max_tokens", "must be at least 3")
        _require(self.width >= 1, "width", "must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Space:
    """Where the decoder works: [channels, size, size], pixels themselves or latents of an autoencoder."""

    kind: Literal["pixel", "latent"]
    channels: int
    size: int

    def __post_init__(self) -> None:
        _require(self.channels >= 1, "channels", "must be at least 1")
        _require(self.size >= 1, "size", "must be at least 1")
        fits = self.kind == "latent" or (self.channels, self.size) == (4, 64)
        _require(fits, "kind", "is pixel, which means 4 channels at size 64")


@dataclass(frozen=True, kw_only=True)
class StagePreset:
    """How one diffusion stage is sampled unless the user says otherwise.

    guidance 1 is off; interval is the part of t in [0,1] where guidance acts; candidates (prior only) are
    drawn and the best kept.
    """

    schedule: str
    sampler: str
    steps: int
    guidance: float = 1.0
    interval: tuple[float, float] = (0.0, 1.0)
    shift: float = 1.0
    candidates: int = 1

    def __post_init__(self) -> None:
        low, high = self.interval
        _require(self.schedule in SCHEDULES, "schedule", f"must be one of {', '.join(SCHEDULES)}")
        _require(self.sampler in SAMPLERS, "sampler", f"must be one of {', '.join(SAMPLERS)}")
        _require(1 <= self.steps <= 1000, "steps", "must be from 1 to 1000")
        _require(0 <= self.guidance <= 50, "guidance", "must be from 0 to 50")
        _require(0 <= low <= high <= 1, "interval", "must be two rising numbers in [0, 1]")
        _require(self.shift > 0, "shift", "must be above 0")
        _require(1 <= self.candidates <= 64, "candidates", "must be from 1 to 64")


@dataclass(frozen=True, kw_only=True)
class ArPreset:
    """How the autoregressive prior is sampled.

    guidance 1 is off; candidates are drawn and the best kept; floor: the share, from below, of the distribution of
    z_img·z_txt that is never drawn.
    """

    guidance: float = 1.0
    candidates: int = 2
    floor: float = 0.5

    def __post_init__(self) -> None:
        _require(0 <= self.guidance <= 50, "guidance", "must be from 0 to 50")
        _require(1 <= self.candidates <= 64, "candidates", "must be from 1 to 64")
        _require(0 <= self.floor < 1, "floor", "must be at least 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The presets of the four diffusion stages and of the other prior; `upsampler_1024` is absent from models that
    stop at 256."""

    prior: StagePreset
    decoder: StagePreset
    upsampler_256: StagePreset
    upsampler_1024: StagePreset | None = None
    ar_prior: ArPreset | None = None


@dataclass(frozen=True, kw_only=True)
class ArPriorShape:
    """What the autoregressive prior asks of whoever runs it.

    code: the file that turns its numbers into an embedding. cache: keys and values of one sequence, [depth, 2, heads,
    places, width of a head]. numbers: how many it predicts, each from 0 to buckets - 1.
    """

    code: str
    cache: tuple[int, int, int, int, int]
    numbers: int
    buckets: int

    def __post_init__(self) -> None:
        _require(min(self.cache) >= 1, "cache", "must be five numbers of at least 1")
        _require(self.cache[1] == 2, "cache", "must hold two arrays a layer, keys and values")
        _require(2 <= self.numbers < self.places, "numbers", "must be at least 2 and leave places for words")
        _require(self.buckets >= 2, "buckets", "must be at least 2")

    @property
    def places(self) -> int:
        """The longest sequence: words, z_txt, and all the numbers but the last."""
        return self.cache[3]


@dataclass(frozen=True, kw_only=True)
class LanguageShape:
    """What the language model asks of whoever runs it.

    words: the file of its vocabulary. cache: keys and values of one sentence, [depth, 2, heads, places, width of a
    head]; the first `picture_tokens` places are the picture's. temperature, top_p: how suggestions are drawn.
    """

    words: str
    cache: tuple[int, int, int, int, int]
    picture_tokens: int
    temperature: float = 0.8
    top_p: float = 0.95

    def __post_init__(self) -> None:
        _require(min(self.cache) >= 1, "cache", "must be five numbers of at least 1")
        _require(self.cache[1] == 2, "cache", "must hold two arrays a layer, keys and values")
        _require(0 < self.picture_tokens < self.places - 1, "picture_tokens", "must leave places for words")
        _require(0 <= self.temperature <= 10, "temperature", "must be from 0 to 10")
        _require(0 < self.top_p <= 1, "top_p", "must be above 0 and at most 1")

    @property
    def places(self) -> int:
        """The longest sequence: the picture's tokens, the start, and words."""
        return self.cache[3]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One network: an OpenVINO .xml and the precision of its weights, which are in the .bin beside it.

    weights_of: the .xml of another graph, in whose .bin the weights are, where two graphs share them.
    inpaints (upsamplers): whether it takes the known part of a picture that is being edited.
    """

    file: str
    precision: str
    inpaints: bool = False
    weights_of: str = ""

    def __post_init__(self) -> None:
        _require(self.file.endswith(".xml"), "file", "must end in .xml")

    @property
    def weights(self) -> str:
        """The file of the weights."""
        return (self.weights_of or self.file).removesuffix(".xml") + ".bin"


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """SHA-256 (lower-case hex) and length of a file."""

    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        _require(_SHA256.fullmatch(self.sha256) is not None, "sha256", "must be 64 hexadecimal digits")
        _require(self.bytes >= 0, "bytes", "must not be negative")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The whole of manifest.json; the constructor raises `FieldError` for what does not fit together.

    networks: by stage, the configuration of a network as JSON, as in its checkpoints; absent from older bundles.
    """

    name: str
    version: str
    domain: str
    licence: str
    sizes: tuple[int, ...]
    embedding: Embedding
    text: TextShape
    space: Space
    stages: Stages
    graphs: Mapping[str, Graph]
    language: LanguageShape | None = None
    ar_prior: ArPriorShape | None = None
    attribution: str = "ATTRIBUTION.md"
    card: str = "CARD.md"
    scores: Mapping[str, float] = field(default_factory=dict)
    networks: Mapping[str, str] | None = None
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        _require(_PLAIN_NAME.fullmatch(self.name) is not None, "name", "must be a plain file name")
        _require(bool(self.version), "version", "must not be empty")
        _require(bool(self.sizes), "sizes", "must not be empty")
        for name in self.files:
            plain = name.count("/") <= 1 and all(_PLAIN_NAME.fullmatch(part) for part in name.split("/"))
            _require(plain, f"files.{name}", "is no plain file name, nor one in a plain folder")
        for name in self.required_graphs():
            _require(name in self.graphs, f"graphs.{name}", "is missing")
        large = any(size > 256 for size in self.sizes)
        _require(not large or self.stages.upsampler_1024 is not None, f"stages.{LARGE}", "is missing")
        if self.ar_prior is not None:
            words = self.ar_prior.places - self.ar_prior.numbers
            _require(words >= self.text.max_tokens, "ar_prior.cache", "has too few places for a prompt")

    def required_graphs(self) -> tuple[str, ...]:
        """The graphs that this model cannot do without, in the order of their use."""
        latent = LATENT_GRAPHS if self.space.kind == "latent" else ()
        large = (LARGE,) if any(size > 256 for size in self.sizes) else ()
        language = () if self.language is None else (LANGUAGE,)
        ar_prior = () if self.ar_prior is None else (AR_PRIOR,)
        return DRAWING_GRAPHS + latent + large + language + ar_prior

    def required_files(self) -> tuple[str, ...]:
        """The files that must be listed with their hashes."""
        graphs = self.graphs.values()
        words = () if self.language is None else (self.language.words,)
        code = () if self.ar_prior is None else (self.ar_prior.code,)
        return (TOKENIZER, *words, *code, *(g.file for g in graphs), *dict.fromkeys(g.weights for g in graphs))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads and validates a manifest; `BundleError` names the field that is wrong."""
        try:
            data = _load(path)
            _check_format(data, path)
            manifest: Self = decode(cls, data)
            manifest._check_files_listed()
        except FieldError as error:
            raise BundleError(
                f"In {path}, {error.path} {error.problem}; export or install the model again."
            ) from None
        return manifest

    def write(self, path: Path) -> None:
        """Writes manifest.json, whole or not at all."""
        beside = path.with_name(path.name + ".part")
        beside.write_text(json.dumps(encode(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)

    def _check_files_listed(self) -> None:
        for name in self.required_files():
            _require(name in self.files, f"files.{name}", "is missing")


def is_plain_name(name: str) -> bool:
    """Whether a model or a file of one may be called so: letters, digits, dots, - and _, no more than 100."""
    return _PLAIN_NAME.fullmatch(name) is not None


def _load(path: Path) -> object:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}); install the model again.") from None
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleError(f"{path} is larger than a manifest can be; install the model again.")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise BundleError(f"{path} is not valid JSON; install the model again.") from None


def _check_format(data: object, path: Path) -> None:
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise BundleError(
            f"{path} has the format {found!r}, and this program reads format {FORMAT}; "
            "update the program or the model so that they fit."
        )


def _require(fits: bool, path: str, problem: str) -> None:
    if not fits:
        raise FieldError(path, problem)
