"""How shards are read for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Fit = Literal["crop", "pad"]


@dataclass(frozen=True, kw_only=True)
class ShardsConfig:
    """Only looked at where the data are WebDataset shards and no built data set.

    `fit`: pictures become square by cropping their centre, or by transparency around them. `lanes`: shards read at the
    same time, at most; samples are mixed over as many. `window`: samples shuffled among one another within a lane; it
    is what bounds the memory, lanes × window files. `workers`: threads that decode. `held_out`: share of the
    samples kept from training, by their names, for sample sheets. `resample`: draw each epoch's shards with
    replacement, where otherwise every sample comes once an epoch.
    """

    fit: Fit = "crop"
    lanes: Annotated[int, Field(ge=1)] = 8
    window: Annotated[int, Field(ge=1)] = 256
    workers: Annotated[int, Field(ge=1)] = 2
    held_out: Annotated[float, Field(ge=0, lt=1)] = 1 / 64
    resample: bool = False
