"""The judge: a detector trained apart from every generator, and what it sees in pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors

from sfumato.errors import BundleError
from sfumato.networks.detector import Detector, DetectorConfig

from .arrays import Floats, Tick, nobody
from .composition.rules import Found
from .composition.sight import things_in
from .composition.vocabulary import Thing

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "judge"
CARD, WEIGHTS = "judge.json", "judge.safetensors"
FORMAT = "sfumato-judge-1"
BATCH = 64
FAINT = 0.05  # things less sure than this are not even listed


@dataclass(frozen=True, kw_only=True)
class JudgeCard:
    """What `judge.json` holds. sha256: of the weights; threshold: how sure the judge must be of a thing; samples, data:
    what it was trained on; measured: its own error, by name.
    """

    format: str
    sha256: str
    network: DetectorConfig
    things: tuple[Thing, ...]
    threshold: float
    samples: int
    data: str
    measured: dict[str, float]


_CARD: TypeAdapter[JudgeCard] = TypeAdapter(JudgeCard)


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """Of N pictures what is in each, faint things too, and features [N,D], of mean 0 and deviation 1 on real ones."""

    found: tuple[tuple[Found, ...], ...]
    features: Floats

    def sure(self, threshold: float) -> list[tuple[Found, ...]]:
        """Only what is seen with this certainty or more."""
        return [tuple(one for one in some if one.score >= threshold) for some in self.found]


class Judge:
    """Looks at pictures of 64². Raises BundleError where the folder holds no judge or a damaged one."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        self.card = read_card(folder)
        tensors = _tensors(folder / WEIGHTS, self.card.sha256)
        self._mean, self._spread = (tensors.pop(name).float().numpy() for name in ("features.mean", "features.spread"))
        self._network = Detector(self.card.network).eval().requires_grad_(False)
        self._network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})

    @property
    def name(self) -> str:
        """The first figures of the weights' hash: numbers of two judges cannot be compared."""
        return self.card.sha256[:12]

    @property
    def things(self) -> tuple[Thing, ...]:
        """The vocabulary."""
        return self.card.things

    def look(self, pictures: Floats, *, tick: Tick = nobody) -> Looks:
        """[N,4,64,64] premultiplied in [-1,1]."""
        found, features = look(self._network, pictures, tick=tick)
        return Looks(found=found, features=((features - self._mean) / self._spread).astype(np.float32))


@torch.no_grad()
def look(
    network: Detector, pictures: Floats, *, tick: Tick = nobody
) -> tuple[tuple[tuple[Found, ...], ...], Floats]:
    """What the network finds in each picture, and its features' means over the picture, [N,D]."""
    found: list[tuple[Found, ...]] = []
    rows: list[Any] = [np.zeros((0, network.config.features), np.float32)]
    for start in range(0, len(pictures), BATCH):
        part = torch.from_numpy(np.ascontiguousarray(pictures[start : start + BATCH]))
        features = network.features(part)
        answers = network.answers(features)
        maps = [one.numpy() for one in (answers.thing, answers.box, answers.kind, answers.colour)]
        found += [things_in(*one, threshold=FAINT, colours=network.config.colours) for one in zip(*maps, strict=True)]
        rows.append(features.mean(dim=(2, 3)).numpy())
        tick(start + len(part), len(pictures))
    return tuple(found), np.concatenate(rows)


def read_card(folder: Path) -> JudgeCard:
    """The card; BundleError where there is none or another format's."""
    try:
        card = _CARD.validate_json((folder / CARD).read_bytes())
    except (OSError, ValidationError) as error:
        raise BundleError(f"{folder} holds no judge; make one with `sfumato-train judge export`.") from error
    if card.format != FORMAT:
        raise BundleError(f"{folder} holds a judge of another version; export it again.")
    return card


def card_json(card: JudgeCard) -> bytes:
    """The card as a file."""
    return _CARD.dump_json(card, indent=1) + b"\n"


def _tensors(path: Path, expected: str) -> dict[str, torch.Tensor]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}); export the judge again.") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise BundleError(f"{path} is damaged; export the judge again.")
    try:
        return dict(load_tensors(data))
    except SafetensorError as error:
        raise BundleError(f"{path} is no file of weights; export the judge again.") from error
