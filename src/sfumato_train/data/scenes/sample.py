"""What the stream hands out, and how it is configured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..scale.settings import ShardsConfig

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """One object of a picture.

    `record` is its index in the store (-1 for what is drawn by code), `box` the bounding box of its visible
    content (x0, y0, x1, y1) in 0..1 of the picture, `colour` the colour word the caption promises, `role`
    what it is in the scene ("main", "left", "held", ...).
    """

    record: int
    name: str
    box: Box
    colour: str | None = None
    role: str = "main"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A picture with the sentence that describes it.

    `picture` is uint8 [size,size,4], premultiplied RGBA. `concept` names what is shown: two samples of equal
    concept are positives of one another. For a single object it is the record's concept; for a scene it
    names the whole composition ("3 lemon", "purple apple", "cat left of dog").
    """

    picture: NDArray[np.uint8]
    caption: str
    concept: str
    record: int
    objects: tuple[SceneObject, ...]
    kind: str


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """How samples are drawn. Fractions are probabilities in 0..1.

    `size` in pixels (up to 256). `scene_fraction` of the samples are scenes of composed objects;
    `background_fraction` of all samples stand on a colour, gradient or landscape instead of transparency.
    `style_in_caption` is how often the style is named. `concept_pairs` is the share of the samples that come
    as two neighbours (2k, 2k+1) showing one concept, in two styles where there are two. Samples of WebDataset shards
    take `size` (up to 1024) and `shards` from here and nothing else.
    """

    size: int = 64
    scene_fraction: float = 0.35
    background_fraction: float = 0.15
    augment: bool = True
    style_in_caption: float = 0.4
    concept_pairs: float = 0.25
    shards: ShardsConfig = field(default_factory=ShardsConfig)
