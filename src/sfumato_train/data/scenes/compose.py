"""Choose a kind of scene, draw it, and finish it: a background for some, the style's name for some."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from ..captions import styled
from . import layouts
from .backgrounds import draw_background
from .canvas import Canvas
from .catalogue import Catalogue
from .sample import Sample, StreamConfig
from .single import recoloured, single

Layout = Callable[[Catalogue, np.random.Generator, StreamConfig], Sample | None]
_TRIES = 6


def _recoloured(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample | None:
    if not catalogue.shiftable:
        return None
    return recoloured(catalogue, rng, config, catalogue.shiftable.draw(rng))


# Kind: how often it is tried, and how it is drawn. Those already finished are not given a background again.
LAYOUTS: tuple[tuple[float, Layout, bool], ...] = (
    (0.24, layouts.count, True),
    (0.26, layouts.position, True),
    (0.06, layouts.between, True),
    (0.10, layouts.sizes, True),
    (0.14, layouts.colours, True),
    (0.20, _recoloured, False),
)
_SHARES = np.cumsum([share for share, _, _ in LAYOUTS])


def scene(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig) -> Sample:
    """A scene of some kind; a single picture where several tries did not fit."""
    if catalogue.objects:
        for _ in range(_TRIES):
            choice = int(np.searchsorted(_SHARES, rng.random() * _SHARES[-1], side="right"))
            _, layout, unfinished = LAYOUTS[choice]
            sample = layout(catalogue, rng, config)
            if sample is not None:
                return finish(catalogue, rng, config, sample) if unfinished else sample
    return single(catalogue, rng, config, catalogue.draw(rng))


def finish(catalogue: Catalogue, rng: np.random.Generator, config: StreamConfig, sample: Sample) -> Sample:
    """Name the style of some scenes (where all objects share it), and put a background behind some."""
    words = sample.caption
    styles = {catalogue.records[o.record].style for o in sample.objects if o.record >= 0}
    if len(styles) == 1 and rng.random() < config.style_in_caption:
        words = styled(words, words, styles.pop(), rng)
    if rng.random() >= config.background_fraction * 2:
        return dataclasses.replace(sample, caption=words)
    background = draw_background(config.size, rng)
    canvas = Canvas(config.size)
    canvas.pixels = sample.picture
    canvas.under(background.pixels)
    return dataclasses.replace(sample, picture=canvas.pixels, caption=f"{words} {background.words}")
