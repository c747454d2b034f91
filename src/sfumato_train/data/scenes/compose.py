"""From a draw to a finished sample: a kind of scene, none that is held out, and what stands around it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

import numpy as np

from ..captions import styled
from . import interactions, layouts
from .recolouring import colours, recoloured
from .sample import Sample
from .single import single
from .studio import Studio
from .surroundings import surrounded

_TRIES = 8
_HELD_OUT_TRIES = 2000
_HELD_OUT_PERCENT = 4

# How often each kind of scene is tried.
LAYOUTS: tuple[tuple[float, Callable[[Studio], Sample | None]], ...] = (
    (0.15, layouts.count),
    (0.17, layouts.position),
    (0.04, layouts.between),
    (0.07, layouts.sizes),
    (0.10, colours),
    (0.14, recoloured),
    (0.13, interactions.holding),
    (0.06, interactions.wearing_hat),
    (0.04, interactions.wearing_glasses),
    (0.09, interactions.riding),
    (0.01, interactions.in_bowl),
)
_SHARES = np.cumsum([share for share, _ in LAYOUTS])


def compose(studio: Studio, record: int | None) -> Sample:
    """A sample of the given record, or a scene or single picture as the configuration's fractions say."""
    if record is None and studio.chance(studio.config.scene_fraction):
        sample = scene(studio)
    else:
        sample = single(studio, studio.catalogue.draw(studio.rng) if record is None else record)
    return surrounded(studio, sample)


def scene(studio: Studio) -> Sample:
    """A scene of some kind, before its background; a single picture where several tries did not fit."""
    only_held_out = studio.catalogue.split == "heldout_scene"
    for _ in range(_HELD_OUT_TRIES if only_held_out else _TRIES):
        choice = int(np.searchsorted(_SHARES, studio.rng.random() * _SHARES[-1], side="right"))
        sample = LAYOUTS[choice][1](studio) if studio.catalogue.objects else None
        if sample is not None and is_held_out(sample.concept) == only_held_out:
            return named_style(studio, sample)
    return single(studio, studio.catalogue.draw(studio.rng))


def is_held_out(composition: str) -> bool:
    """Whether a composition ("panda holding balloon") is kept for evaluation: 4 % are, by their hash."""
    digest = hashlib.blake2b(composition.encode(), digest_size=8, person=b"scene").digest()
    return int.from_bytes(digest, "big") % 100 < _HELD_OUT_PERCENT


def named_style(studio: Studio, sample: Sample) -> Sample:
    """The scene with the style named sometimes, where all its objects share it."""
    styles = {studio.catalogue.records[o.record].style for o in sample.objects if o.record >= 0}
    if len(sample.objects) == 1 or len(styles) > 1 or not studio.chance(studio.config.style_in_caption):
        return sample
    words = styled(sample.caption, sample.caption, styles.pop(), studio.rng)
    return dataclasses.replace(sample, caption=words)
