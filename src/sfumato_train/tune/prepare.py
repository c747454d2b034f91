"""From examples to `Prepared`: views, captions with and without the style, what the prior makes of them, and drawings
of the model as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sfumato.picture.convert import Floats
from sfumato.picture.read import read_picture
from sfumato.pipeline.prior import Caption
from sfumato_train.noise import mask as random_mask
from sfumato_train.tune.frozen import BATCH, Frozen
from sfumato_train.tune.pictures import Example, name_words, view
from sfumato_train.tune.prepared import Prepared, stacked
from sfumato_train.tune.settings import PrepareSettings

MASK = 64
Tick = Callable[[str, int, int], None]
NOTHING_SAID = "a picture"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A caption of picture `picture`; styled: whether it names the style."""

    picture: int
    text: str
    styled: bool


def style_words(name: str) -> str:
    """What a prompt says to get the style of a model: its name, as words, and "style"."""
    return f"{' '.join(name.replace('_', ' ').replace('-', ' ').split())} style"


def captions_of(example: Example, described: str) -> tuple[str, ...]:
    """The user's own; else what the model sees in it, and what its file is called."""
    if example.captions:
        return example.captions
    words = name_words(example.path)
    return tuple(dict.fromkeys(text for text in (words, described) if text)) or (NOTHING_SAID,)


def sayings(examples: Sequence[Example], described: Sequence[str], style: str) -> list[Said]:
    """Every caption twice: with the style, and without."""
    said = []
    for index, (example, seen) in enumerate(zip(examples, described, strict=True)):
        for text in captions_of(example, seen):
            plain = text.rstrip(" .,;")
            said.append(Said(picture=index, text=f"{plain}, {style}", styled=True))
            said.append(Said(picture=index, text=plain, styled=False))
    return said


def prepare(
    examples: Sequence[Example], frozen: Frozen, style: str, settings: PrepareSettings, *, tick: Tick
) -> Prepared:
    """Run all the frozen parts once. tick: a stage's name, how much of it is done, and of how much."""
    views = _views(examples, frozen, settings, tick)
    said = sayings(examples, views.described, style)
    read: list[Caption] = []
    for number, one in enumerate(said, 1):
        read.append(frozen.read(one.text))
        tick("reading captions", number, len(said))
    imagined, imagined_for = _imagined(said, read, frozen, settings, tick)
    old_x_0, old_z, old_caption = _drawn(said, read, frozen, settings, tick)
    lengths = [int(one.txt_mask.sum()) for one in read]
    feats = np.concatenate([one.txt_feats[0, :n] for one, n in zip(read, lengths, strict=True)])
    point, E = views.x_0[0].shape[1:], views.z_img[0].shape[1:]
    return Prepared(
        x_0=stacked(views.x_0, point),
        z_img=stacked(views.z_img, E),
        view_of=torch.tensor(views.view_of),
        known=stacked(views.known, point),
        mask=stacked(views.masks, (1, MASK, MASK)).to(torch.uint8),
        masked_view=torch.tensor(views.masked_view),
        feats=torch.from_numpy(feats.astype(np.float16)),
        first=torch.tensor(np.cumsum([0, *lengths])),
        caption_of=torch.tensor([one.picture for one in said]),
        styled=torch.tensor([one.styled for one in said]).to(torch.uint8),
        imagined=stacked(imagined, E),
        imagined_for=torch.tensor(imagined_for, dtype=torch.long),
        old_x_0=stacked(old_x_0, point),
        old_z=stacked(old_z, E),
        old_caption=torch.tensor(old_caption, dtype=torch.long),
        held_out=torch.from_numpy(held_out(len(examples), settings)),
    )


def held_out(count: int, settings: PrepareSettings) -> np.ndarray:
    """uint8 [P]: which pictures are only measured; none of a small folder, every one counts there."""
    chosen = np.zeros(count, np.uint8)
    if count >= settings.least_to_hold_out:
        some = min(settings.most_held_out, round(settings.held_out * count))
        chosen[_rng(settings.seed, 1, 0).choice(count, some, replace=False)] = 1
    return chosen


@dataclass(frozen=True, kw_only=True)
class _Views:
    """Rows of `Prepared`, a chunk of pictures at a time, and what was seen in each picture."""

    x_0: list[Floats]
    z_img: list[Floats]
    view_of: list[int]
    known: list[Floats]
    masks: list[Floats]
    masked_view: list[int]
    described: list[str]


def _views(examples: Sequence[Example], frozen: Frozen, settings: PrepareSettings, tick: Tick) -> _Views:
    count = max(1, min(settings.most_views, settings.views // len(examples)))
    made = _Views(x_0=[], z_img=[], view_of=[], known=[], masks=[], masked_view=[], described=[])
    for start in range(0, len(examples), BATCH):
        chunk = examples[start : start + BATCH]
        _look(list(enumerate(chunk, start)), count, frozen, settings.seed, made)
        tick("looking at pictures", start + len(chunk), len(examples))
    return made


def _look(chunk: list[tuple[int, Example]], count: int, frozen: Frozen, seed: int, made: _Views) -> None:
    """`count` views of each picture, the first as it is, and one of them again with a part erased."""
    pictures, hidden, masks = [], [], []
    for index, example in chunk:
        pixels, rng = read_picture(example.path).pixels, _rng(seed, 0, index)
        moved = [view(pixels, rng, flips=example.flips) for _ in range(count - 1)]
        own = [view(pixels, None, flips=False), *moved]
        masks.append(random_mask(rng, MASK, 1.0)[None])
        seen = int(rng.integers(count))
        made.masked_view.append(len(made.view_of) + seen)
        made.view_of.extend([index] * count)
        pictures += own
        hidden.append(own[seen])
        silent = bool(example.captions) or not frozen.speaks
        made.described.append("" if silent else frozen.describe(own[0]))
    joined = np.concatenate(pictures)
    made.x_0.append(frozen.points(joined))
    made.z_img.append(frozen.embed(joined))
    made.masks.append(np.concatenate(masks))
    made.known.append(frozen.known(np.concatenate(hidden), made.masks[-1]))


def _imagined(
    said: Sequence[Said], read: Sequence[Caption], frozen: Frozen, settings: PrepareSettings, tick: Tick
) -> tuple[list[Floats], list[int]]:
    chosen = _some([k for k, one in enumerate(said) if one.styled], settings.most_imagined, settings.seed)
    made, of = [], []
    for number, k in enumerate(chosen, 1):
        made.append(frozen.imagine(read[k], [_seed(settings.seed, k, i) for i in range(settings.imagined)]))
        of += [k] * settings.imagined
        tick("imagining captions", number, len(chosen))
    return made, of


def _drawn(
    said: Sequence[Said], read: Sequence[Caption], frozen: Frozen, settings: PrepareSettings, tick: Tick
) -> tuple[list[Floats], list[Floats], list[int]]:
    """The model's own drawings of the captions without the style, so that without it nothing changes (Ruiz et al. 2022,
    DreamBooth, section 3.2)."""
    chosen = _some([k for k, one in enumerate(said) if not one.styled], settings.preserved, settings.seed + 1)
    points, embeddings = [], []
    for number, k in enumerate(chosen, 1):
        seed = _seed(settings.seed, k, 0)
        z_img = frozen.imagine(read[k], [seed])
        points.append(frozen.draw(read[k], z_img, seed))
        embeddings.append(z_img)
        tick("drawing as before", number, len(chosen))
    return points, embeddings, chosen


def _some(items: list[int], most: int, seed: int) -> list[int]:
    if len(items) <= most:
        return items
    return sorted(int(item) for item in _rng(seed, 2, 0).choice(items, most, replace=False))


def _seed(seed: int, caption: int, number: int) -> int:
    return (seed * 1_000_003 + caption * 97 + number) % (1 << 31)


def _rng(seed: int, purpose: int, index: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed ^ (purpose << 40), index], np.uint64)))
