"""What every arm of a trial is judged by: held-out error at fixed noise and times, and drawings of known things."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.trial_drawing import Conditions
from sfumato_train.conditions import image_embedding, words
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.evals.distribution import squared_mmd
from sfumato_train.evals.judge import Judge
from sfumato_train.evals.retrieval import recall
from sfumato_train.samples import Batch
from sfumato_train.tasks.decoder import DecoderTask

BINS = (0.125, 0.375, 0.625, 0.875)
Scores = dict[str, float]


class HeldOut:
    """`count` pictures of held-out styles with all their conditions, at each of four times, always the same noise.

    `task` is the reference: its loss, on v, judges arms that were trained on any.
    """

    def __init__(self, task: DecoderTask, count: int) -> None:
        self.task = task
        self.batch = task.batch(0, count) | task.inputs.held_out(count)
        ones = torch.ones(count)
        self.batch |= {"keep_z": ones, "keep_txt": ones, "mask": torch.ones_like(self.batch["mask"])}

    @torch.no_grad()
    def scores(self, network: nn.Module) -> Scores:
        """`loss` on v over all times, `x_0_mse`, and the latter at each time."""
        found = {t: self.task.loss(network, self._at(t)) for t in BINS}
        errors = {f"x_0_mse.{t:g}": float(values["x_0_mse"]) for t, values in found.items()}
        loss = float(np.mean([float(values["loss"]) for values in found.values()]))
        return {"loss": loss, "x_0_mse": float(np.mean(list(errors.values()))), **errors}

    def _at(self, t: float) -> Batch:
        return self.batch | {"t": torch.full_like(self.batch["keep_z"], t)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Things:
    """Things that the judge knows: names, numbers in its vocabulary, and a real picture of each [N, 4, 64, 64]."""

    names: list[str]
    kinds: list[int]
    pictures: Tensor


def things(context: Context, judge: Judge, *, count: int, seed: int) -> Things:
    """`count` of them, or as many as the data set has pictures of, drawn by the seed."""
    by_concept: dict[str, list[int]] = {}
    for i in context.store.select():
        by_concept.setdefault(context.store.records[int(i)].concept, []).append(int(i))
    rng = np.random.default_rng(seed)
    shown = [[i for concept in one.concepts for i in by_concept.get(concept, [])] for one in judge.things]
    there = [kind for kind, pictures in enumerate(shown) if pictures]
    kinds = sorted(rng.choice(there, min(count, len(there)), replace=False).tolist())
    chosen = [int(rng.choice(shown[kind])) for kind in kinds]
    pictures = pictures_to_tensor(np.stack([context.store.small(i) for i in chosen]))
    return Things(names=[judge.things[kind].name for kind in kinds], kinds=kinds, pictures=pictures)


def conditions(context: Context, clip: Any, wanted: Things, *, with_picture: bool) -> Conditions:
    """Each thing by its name and, with `with_picture`, by the embedding of its real picture; else of its caption."""
    said = words(clip, *context.tokens(wanted.names))
    return Conditions(z_img=image_embedding(clip, wanted.pictures) if with_picture else said.z_txt, said=said)


def judged(pictures: Tensor, wanted: Things, clip: Any, judge: Judge, context: Context) -> Scores:
    """Of drawings of the things, one each.

    top1, top5: by CLIP, recall of the name among all of them; through: cosine of z_img with the real picture's; named:
    share in which the judge is sure to see the thing; sure: how sure it is, on average; distance: kernel distance from
    the real pictures on the judge's features, which few pictures measure poorly. It falls below 0 where a drawing is
    nearer to its own real picture than real pictures are to one another: it ranks arms and is no distance to quote.
    """
    z = image_embedding(clip, pictures)
    similarity = (z @ words(clip, *context.tokens(wanted.names)).z_txt.T).numpy()
    found = recall(similarity, np.eye(len(similarity), dtype=bool))
    looks, real = judge.look(pictures.numpy()), judge.look(wanted.pictures.numpy())
    sure = certainty(looks.found, wanted.kinds)
    through = (z * image_embedding(clip, wanted.pictures)).sum(dim=1).mean()
    return {
        "top1": found.top1,
        "top5": found.top5,
        "through": float(through),
        "named": float((sure >= judge.card.threshold).mean()),
        "sure": float(sure.mean()),
        "distance": squared_mmd(looks.features, real.features),
    }


def certainty(found: Any, kinds: list[int]) -> NDArray[np.float64]:
    """How sure the judge is of each picture's own thing; 0 where it sees none."""
    pairs = zip(found, kinds, strict=True)
    return np.array([max((one.score for one in some if one.kind == kind), default=0.0) for some, kind in pairs])
