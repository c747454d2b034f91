"""What every measurement works with: the model, its CLIP, the data, and the pictures drawn so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from sfumato.engine.base import Engine
from sfumato_train.data.store import PictureStore

from . import choose
from .arrays import Floats, Tick, to_floats
from .config import EvalConfig
from .drawing import draw_small
from .gallery import Gallery
from .judge import SHIPPED, Judge
from .own_clip import OwnClip
from .progress import Progress, silent

List = Literal["seen", "pairs"]
LISTS: tuple[List, ...] = ("seen", "pairs")


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """`out` receives the sheets; drawings are made once and kept."""

    engine: Engine
    clip: OwnClip
    store: PictureStore
    config: EvalConfig
    out: Path
    judge_folder: Path = SHIPPED
    progress: Progress = silent
    _drawn: dict[tuple[str, str], Floats] = field(default_factory=dict)

    @cached_property
    def judge(self) -> Judge:
        """The judge that is no part of the model."""
        return Judge(self.judge_folder)

    @cached_property
    def gallery(self) -> Gallery:
        """The prompts of composition."""
        return self._gallery(self.config.composition, self.config.repeats)

    @cached_property
    def small_gallery(self) -> Gallery:
        """Fewer of them, to be drawn in many ways."""
        return self._gallery(self.config.sweep, self.config.sweep_repeats)

    def tick(self, stage: str) -> Tick:
        """Progress of one stage."""
        return lambda done, total: self.progress(stage, done, total)

    def concepts(self, indices: Sequence[int] | choose.Indices) -> list[str]:
        """What the pictures show."""
        return [self.store.records[int(i)].concept for i in indices]

    def smalls(self, indices: Sequence[int] | choose.Indices) -> Floats:
        """The pictures [N,4,64,64] premultiplied in [-1,1]."""
        return to_floats(self.store.smalls[np.asarray(indices, dtype=np.int64)])

    def prompts(self, which: List) -> list[choose.Prompt]:
        """Common training concepts, or concepts in styles in which training never saw them."""
        config = self.config
        if which == "pairs":
            return choose.pair_prompts(self.store, count=config.prompts, seed=config.seed)
        return choose.training_prompts(self.store, count=config.prompts, popular=config.popular, seed=config.seed)

    def drawn(self, which: List, system: str) -> Floats:
        """The list's prompts drawn by a system at 64²: [N,4,64,64]."""
        if (which, system) not in self._drawn:
            texts = [prompt.text for prompt in self.prompts(which)]
            tick = self.tick(f"drawing {which} with {system}")
            made = draw_small(self.engine, texts, system=system, seed=self.config.seed, tick=tick)
            self._drawn[which, system] = made
        return self._drawn[which, system]

    def _gallery(self, prompts: int, repeats: int) -> Gallery:
        return Gallery(
            engine=self.engine,
            clip=self.clip,
            judge=self.judge,
            store=self.store,
            prompts=prompts,
            repeats=repeats,
            seed=self.config.seed,
            progress=self.progress,
        )
