"""Zero-shot classification of held-out pictures (Radford et al. 2021, section 3.1), and what "not X" is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sfumato.bundle.manifest import Embedding
from sfumato.pipeline.classify import probabilities, softmax
from sfumato.text.labels import read_labels
from sfumato_train.data.store import PictureStore

from . import choose
from .arrays import Floats, unit
from .bench import Bench
from .report import Scores, named
from .retrieval import Flags, ranks, same
from .sheets import Cell, save, sheet

STREAM = 100
"""Of randomness, apart from those of the other choices."""
SIZES = (10, 100)
"""How many labels a picture is shown among."""
PLAIN = ("{}",)
TEMPLATES = ("{}", "an emoji of {}", "a sticker of {}", "an icon of {}", "a drawing of {}", "a picture of {}")
LIMIT = 500
"""Pictures of a list."""
FITTED = "unseen_pair"
"""The list that the threshold is fitted on; what it is worth is told by the others."""
BINS = 10
HOT_DOG, FOOD = "hot dog", "food & drink"
SHOWN = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Quiz:
    """Pictures and labels: `cosines` [N, C], `right` [N, C] True where the label names what the picture shows, and
    `near` [N, C] where it names another thing of the same category.
    """

    cosines: Floats
    right: Flags
    near: Flags


def measure_zero_shot(bench: Bench) -> Scores:
    """Accuracy among 10 and 100 labels, with one template and with several; calibration; "X" against "not X"."""
    embedding, scores = bench.engine.manifest.embedding, Scores()
    for name, indices in lists(bench.store, bench.config.pictures or LIMIT, bench.config.seed):
        z_img = bench.clip.stored(bench.store, indices, tick=bench.tick(f"zero-shot, {name}"))
        quiz = make_quiz(bench, indices, z_img, PLAIN)
        scores |= named(f"zero_shot.{name}", accuracies(quiz))
        scores |= named(f"zero_shot.{name}.templates", accuracies(make_quiz(bench, indices, z_img, TEMPLATES)))
        rng = choose.generator(bench.config.seed, STREAM)
        scores[f"zero_shot.{name}.calibration_error"] = calibration_error(quiz, embedding, rng)
        scores |= named(f"zero_shot.{name}.opposite", opposite(quiz, embedding))
        if name == FITTED:
            scores["zero_shot.threshold"] = fit_threshold(quiz, embedding.logit_scale)
        shuffled = z_img[choose.generator(bench.config.seed, choose.CONTROL).permutation(len(z_img))]
        scores |= named(f"zero_shot.{name}.control", accuracies(make_quiz(bench, indices, shuffled, PLAIN)))
    return scores | measure_hot_dog(bench)


def lists(store: PictureStore, limit: int, seed: int) -> Iterator[tuple[str, choose.Indices]]:
    """Up to `limit` pictures of each held-out kind that the data set has: known concepts in styles never drawn by this
    artist or never seen at all, and concepts never seen.
    """
    kinds = {
        FITTED: store.select(split="heldout_pair"),
        "unseen_style": store.select(split="train", train=False),
        "unseen_concept": store.select(split="heldout_concept"),
    }
    for name, indices in kinds.items():
        if len(indices):
            yield name, choose.some(choose.generator(seed, STREAM), indices, limit)


def make_quiz(bench: Bench, indices: choose.Indices, z_img: Floats, templates: Sequence[str]) -> Quiz:
    """The pictures' embeddings against the captions of all the concepts that they show."""
    firsts = choose.first_of_concepts(bench.store, indices)
    captions = [choose.concept_caption(bench.store.records[i]) for i in firsts.values()]
    said = bench.clip.captions([template.replace("{}", one) for one in captions for template in templates])
    z_txt = unit(said.reshape(len(captions), len(templates), -1).mean(axis=1))
    right = same(bench.concepts(indices), list(firsts))
    category = [bench.store.records[int(i)].category for i in indices]
    alike = same(category, [bench.store.records[i].category for i in firsts.values()])
    return Quiz(cosines=z_img @ z_txt.T, right=right, near=alike & ~right)


def accuracies(quiz: Quiz) -> dict[str, float]:
    """Among SIZES labels (all there are, where they are fewer), beside the chance of a guess."""
    labels = quiz.cosines.shape[1]
    scores = {"pictures": float(len(quiz.cosines)), "labels": float(labels)}
    for size in SIZES:
        shown = min(size, labels)
        scores |= {f"of_{size}": accuracy(quiz, shown), f"of_{size}.chance": 1 / shown}
    return scores


def accuracy(quiz: Quiz, shown: int) -> float:
    """Expected top-1 accuracy among the right label and shown - 1 others drawn without repetition.

    Exact, with no drawing: with r of the n wrong labels not below the right one, none of those drawn may be among
    these, which has the probability C(n - r, shown - 1) / C(n, shown - 1).
    """
    wrong = (~quiz.right).sum(axis=1)
    ahead = ranks(quiz.cosines, quiz.right)
    chances = np.ones(len(wrong))
    for k in range(shown - 1):
        chances *= np.clip(wrong - ahead - k, 0, None) / np.maximum(wrong - k, 1)
    return float(chances.mean())


def calibration_error(quiz: Quiz, embedding: Embedding, rng: np.random.Generator) -> float:
    """Expected calibration error (Guo et al. 2017, eq. 3) of the best of 10 labels, drawn once for each picture."""
    sure, hit = [], []
    for cosines, right in zip(quiz.cosines, quiz.right, strict=True):
        wrong = np.flatnonzero(~right)
        others = rng.choice(wrong, min(SIZES[0] - 1, len(wrong)), replace=False)
        p = softmax(embedding.logit_scale * cosines[np.r_[np.flatnonzero(right)[:1], others]][None])[0]
        sure.append(float(p.max()))
        hit.append(p.argmax() == 0)
    return expected_error(np.array(sure), np.array(hit))


def expected_error(sure: NDArray[np.float64], hit: Flags) -> float:
    """Mean |accuracy - confidence| over BINS equal bins of confidence, weighted by what is in them."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float((hit[bins == b] - sure[bins == b]).sum())) for b in range(BINS)]
    return sum(gaps) / len(sure)


def opposite(quiz: Quiz, embedding: Embedding) -> dict[str, float]:
    """ "X or not X" for each picture and label. found: share of the right labels that are affirmed; refused: of all
    the wrong ones that are denied; refused_near: of those in the same category; area: under the ROC curve, which no
    threshold changes.
    """
    affirmed = quiz.cosines > embedding.threshold
    found, refused = float(affirmed[quiz.right].mean()), float((~affirmed)[~quiz.right].mean())
    near = {"refused_near": float((~affirmed)[quiz.near].mean())} if quiz.near.any() else {}
    area = area_under_curve(quiz.cosines[quiz.right], quiz.cosines[~quiz.right])
    return {"found": found, "refused": refused, "balanced": (found + refused) / 2, "area": area, **near}


def area_under_curve(positive: Floats, negative: Floats) -> float:
    """The chance that a right one lies above a wrong one; a tie counts half (Hanley & McNeil 1982)."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(ordered)))


def fit_threshold(quiz: Quiz, slope: float) -> float:
    """The threshold of sigmoid(slope · (cosine - threshold)) of least cross entropy, right and wrong weighing the same.

    There the mean probabilities of the right and of the wrong ones add up to 1; the sum falls with the threshold.
    """
    low, high = -1.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        p = 1 / (1 + np.exp(-slope * (quiz.cosines.astype(np.float64) - middle)))
        low, high = (middle, high) if p[quiz.right].mean() + p[~quiz.right].mean() > 1 else (low, middle)
    return (low + high) / 2


def measure_hot_dog(bench: Bench) -> Scores:
    """The "Not a Hotdog" app on all hot dogs of the data set and on held-out pictures of other food."""
    records = bench.store.records
    dogs = [i for i, one in enumerate(records) if one.concept == HOT_DOG]
    food = [
        i for i, one in enumerate(records)
        if one.category == FOOD and HOT_DOG not in one.name and (one.split != "train" or not one.train)
    ]  # fmt: skip
    if not dogs or not food:
        return {}
    chosen = choose.some(choose.generator(bench.config.seed, STREAM), food, bench.config.pictures or LIMIT)
    indices = np.concatenate([np.asarray(dogs), chosen])
    labels = read_labels([f"a {HOT_DOG}", f"not a {HOT_DOG}"])
    cosines = bench.clip.stored(bench.store, indices) @ bench.clip.captions([labels.asked]).T
    p = probabilities(cosines, labels, bench.engine.manifest.embedding)[:, 0]
    _show(bench, indices, p, len(dogs))
    new = np.array([not records[i].train for i in dogs])
    scores = hot_dog_scores(p[: len(dogs)], p[len(dogs) :], new)
    return named("zero_shot.hot_dog", scores)


def hot_dog_scores(dogs: Floats, food: Floats, new: Flags) -> Mapping[str, float]:
    """found, refused and balanced; found_unseen: in styles never trained on, where there are any."""
    found, refused = float((dogs > 0.5).mean()), float((food <= 0.5).mean())
    unseen = {"found_unseen": float((dogs[new] > 0.5).mean()), "unseen": float(new.sum())} if new.any() else {}
    counts = {"hot_dogs": float(len(dogs)), "food": float(len(food))}
    return {"found": found, "refused": refused, "balanced": (found + refused) / 2, **unseen, **counts}


def _show(bench: Bench, indices: choose.Indices, p: Floats, dogs: int) -> None:
    """Hot dogs first, then other food, with the probability of a hot dog; green where the answer is right."""
    shown = indices[:SHOWN]
    texts = [f"{100 * p[k]:.0f} % {bench.store.records[int(i)].name}" for k, i in enumerate(shown)]
    cells = [
        Cell(picture=picture, text=texts[k], good=(p[k] > 0.5) == (k < dogs))
        for k, picture in enumerate(bench.smalls(shown))
    ]
    save(bench.out / "hot-dog.png", sheet(cells, columns=8))
