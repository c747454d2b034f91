"""Training of the judge: where things are, what they are and which colour they have, in scenes composed on the fly."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.detector import Detector
from sfumato_train.config import JudgeStage
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.data.scenes.sample import Sample
from sfumato_train.data.scenes.studio import Studio
from sfumato_train.data.scenes.surroundings import surrounded
from sfumato_train.data.stream import TrainingStream
from sfumato_train.evals.composition.sight import peaks
from sfumato_train.evals.composition.staging import Troupe, crowd, stage, troupe_of
from sfumato_train.evals.composition.wanted import TASKS
from sfumato_train.noise import generator
from sfumato_train.tasks.sheets import grid, to_rgb

SPREAD = 0.35  # of a thing's half extent: deviation of the bump around its centre
NOBODY = -1
OTHER = 0.2  # weight of "something else" among the kinds


class JudgeTask:
    """Pictures → points, boxes, kinds, colours."""

    def __init__(self, stage: JudgeStage, context: Context) -> None:
        self.stage = stage
        torch.manual_seed(stage.train.seed)
        self.network: Any = Detector(stage.network)
        self.stream = TrainingStream(context.store, stage.stream, seed=stage.train.seed)
        self.troupe = troupe_of(context.store, stage.things, ("train",))
        held_out = troupe_of(context.store, stage.things, ("heldout_style", "heldout_pair"))
        self.held_out = held_out if held_out.choices.shown else self.troupe

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        samples = [self._sample(j) for j in range(first, first + count)]
        rngs = [generator(self.stage.train.seed + 1, j) for j in range(first, first + count)]
        pictures = [worn(sample.picture, rng) for sample, rng in zip(samples, rngs, strict=True)]
        targets = [self._targets(sample) for sample in samples]
        return {"picture": pictures_to_tensor(np.stack(pictures))} | {
            name: torch.from_numpy(np.stack([one[name] for one in targets])) for name in targets[0]
        }

    def _sample(self, j: int) -> Sample:
        rng = generator(self.stage.train.seed, j)
        return staged(self.troupe, rng, self.stage) if rng.random() < self.stage.staged else self.stream.sample(j)

    def _targets(self, sample: Sample) -> dict[str, Any]:
        """heat float32 [G,G]; kind and colour int64 [G,G], NOBODY where there is none; box float32 [4,G,G]."""
        network, records = self.stage.network, self.troupe.catalogue.records
        G, other = network.grid, len(network.things)
        heat, box = np.zeros((G, G), np.float32), np.zeros((4, G, G), np.float32)
        kind, colour = np.full((G, G), NOBODY, np.int64), np.full((G, G), NOBODY, np.int64)
        for one in sample.objects:
            x0, y0, x1, y1 = one.box
            w, h, x, y = x1 - x0, y1 - y0, (x0 + x1) / 2 * G, (y0 + y1) / 2 * G
            column, row = min(G - 1, int(x)), min(G - 1, int(y))
            heat = np.maximum(heat, _bump(G, column, row, w * G / 2, h * G / 2))
            box[:, row, column] = (x - column, y - row, w, h)
            kind[row, column] = self.troupe.kinds.get(records[one.record].concept, other) if one.record >= 0 else other
            colour[row, column] = network.colours.index(one.colour) if one.colour in network.colours else NOBODY
        return {"heat": heat, "box": box, "kind": kind, "colour": colour}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        thing, box, kind, colour = network(batch["picture"])
        here = batch["kind"] >= 0
        found = _at(kind, here)
        losses = {
            "thing": point_loss(thing.float(), batch["heat"]),
            "kind": F.cross_entropy(found, batch["kind"][here], weight=_weights(found.shape[1])),
            "box": (_at(box, here).sigmoid() - _at(batch["box"], here)).abs().mean(),
            "colour": _colour_loss(colour, batch["colour"]),
        }
        total = losses["thing"] + losses["kind"] + 2 * losses["box"] + 0.5 * losses["colour"]
        right = (found.argmax(dim=1) == batch["kind"][here]).float().mean()
        return {"loss": total, "top1": right, **{name: one.detach() for name, one in losses.items()}}

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """32 scenes of pictures never trained on, with a square on each thing found: green where its kind is right."""
        rngs = [generator(1, j) for j in range(32)]
        fixed = replace(self.stage, stream=replace(self.stage.stream, background_fraction=0.0))
        samples = [staged(self.held_out, rng, fixed) for rng in rngs]
        picture = pictures_to_tensor(np.stack([sample.picture for sample in samples]))
        thing, _, kind, _ = network(picture)
        shown, G = to_rgb(picture), self.stage.network.grid
        for k, sample in enumerate(samples):
            right = torch.from_numpy(self._targets(sample)["kind"])
            for row, column in np.argwhere(peaks(thing[k].float().numpy()) & (thing[k] > 0).numpy()).tolist():
                good = int(kind[k, :, row, column].argmax()) == int(right[row, column])
                side = shown.shape[1] // G
                y, x = row * side, column * side
                shown[k, y + 2 : y + 6, x + 2 : x + 6] = (0, 160, 60) if good else (220, 40, 40)
        return grid(shown, 8)


def staged(troupe: Troupe, rng: np.random.Generator, config: JudgeStage) -> Sample:
    """A crowd, or what one of the tasks would ask for, with a background now and then."""
    studio = Studio(catalogue=troupe.catalogue, rng=rng, config=config.stream)
    if studio.chance(config.crowds):
        return surrounded(studio, crowd(studio, troupe))
    names = [name for name in TASKS if len(troupe.choices.coloured) > 1 or name not in ("colours", "attribution")]
    wanted = TASKS[studio.pick(names)](troupe.choices, rng)
    return surrounded(studio, stage(studio, troupe, wanted))


def worn(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture as a generator might draw it: softened and noisy by chance; colour never exceeds alpha."""
    if rng.random() < 0.5:
        image = Image.frombytes("RGBX", (picture.shape[1], picture.shape[0]), picture.tobytes())
        picture = np.array(image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.4)))))
    if rng.random() < 0.5:
        noise = rng.normal(0, rng.uniform(2, 12), picture.shape) * (picture[..., 3:] > 0)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return np.concatenate([np.minimum(picture[..., :3], picture[..., 3:]), picture[..., 3:]], axis=-1)


def point_loss(logit: Tensor, heat: Tensor) -> Tensor:
    """Focal loss on centres with a bump around each (Zhou et al. 2019, eq. 1 with α = 2, β = 4), per thing."""
    p, at_centre = logit.sigmoid(), heat >= 1
    near = torch.where(at_centre, (1 - p).square() * F.logsigmoid(logit), torch.zeros_like(p))
    far = torch.where(at_centre, torch.zeros_like(p), (1 - heat).pow(4) * p.square() * F.logsigmoid(-logit))
    return -(near + far).sum() / at_centre.sum().clamp(min=1)


def _bump(G: int, column: int, row: int, half_width: float, half_height: float) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:G, :G]
    x = (columns - column) / max(0.4, SPREAD * half_width)
    y = (rows - row) / max(0.4, SPREAD * half_height)
    bump: NDArray[np.float32] = np.exp(-(x**2 + y**2) / 2).astype(np.float32)
    return bump


def _weights(kinds: int) -> Tensor:
    """Something else is seen as often as all things together, and must not be the answer to every doubt."""
    weights = torch.ones(kinds)
    weights[-1] = OTHER
    return weights


def _at(maps_BCGG: Tensor, here_BGG: Tensor) -> Tensor:
    """The values at the marked cells, [N, C]."""
    return maps_BCGG.permute(0, 2, 3, 1)[here_BGG].float()


def _colour_loss(logits: Tensor, colour: Tensor) -> Tensor:
    """Cross entropy where a colour is known; nothing where none is."""
    known = colour >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    return F.cross_entropy(_at(logits, known), colour[known])
