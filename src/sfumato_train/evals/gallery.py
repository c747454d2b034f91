"""The prompts of composition and all pictures of them: drawn in several ways, and real ones, as the judge sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sfumato.engine.base import Engine
from sfumato_train.data.store import PictureStore

from .arrays import Floats
from .composition.prompts import shared, staged, troupes, wanted_of
from .composition.rules import Found, obeys
from .composition.score import Rights, Rule, rights
from .composition.staging import Troupe
from .composition.wanted import TASKS, Choices, Wanted
from .judge import Judge, Looks
from .own_clip import OwnClip
from .progress import Progress
from .variants import Atelier, Variant

AGAIN = 500_009  # a second set of real pictures, of the same prompts


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Pictures [P·S,4,64,64], those of one prompt side by side, and what the judge sees in them."""

    pictures: Floats
    looks: Looks


class Gallery:
    """`prompts` of each task, `repeats` pictures of each; everything is made when it is asked for, and once."""

    def __init__(
        self,
        *,
        engine: Engine,
        clip: OwnClip,
        judge: Judge,
        store: PictureStore,
        prompts: int,
        repeats: int,
        seed: int,
        progress: Progress,
    ) -> None:
        self.judge, self.repeats, self.seed = judge, repeats, seed
        self._engine, self._clip, self._progress = engine, clip, progress
        self._troupes = troupes(store, judge.things)
        self.choices: Choices = shared(*self._troupes)
        self.wanted: list[Wanted] = wanted_of(self.choices, dict.fromkeys(TASKS, prompts), seed)
        self.texts = [one.text(self.choices.things) for one in self.wanted]
        self.tasks = tuple(dict.fromkeys(one.task for one in self.wanted))
        self._drawn: dict[str, Shown] = {}

    @cached_property
    def known(self) -> Shown:
        """Real pictures of the prompts, of art that was trained on."""
        return self._real(self._troupes[0], self.seed)

    @cached_property
    def again(self) -> Shown:
        """Others of the same."""
        return self._real(self._troupes[0], self.seed + AGAIN)

    @cached_property
    def unseen(self) -> Shown:
        """Real pictures of the prompts, of art that nobody was trained on."""
        return self._real(self._troupes[1], self.seed)

    def drawn(self, variant: Variant) -> Shown:
        """The prompts drawn by a variant."""
        if variant.label not in self._drawn:
            label = f"drawing compositions, {variant.label}"
            made = self._atelier.draw(variant, tick=lambda done, total: self._progress(label, done, total))
            self._drawn[variant.label] = self._shown(made)
        return self._drawn[variant.label]

    def rights(self, shown: Shown, rule: Rule = obeys) -> Rights:
        """[P,S]: which pictures obey their prompts."""
        return rights(self.wanted, self.sure(shown), rule)

    def sure(self, shown: Shown) -> list[tuple[Found, ...]]:
        """What the judge is sure to see."""
        return shown.looks.sure(self.judge.card.threshold)

    def features(self, shown: Shown) -> Floats:
        """The judge's features by prompt, [P,S,D]."""
        return shown.looks.features.reshape(len(self.wanted), self.repeats, -1)

    @cached_property
    def _atelier(self) -> Atelier:
        return Atelier(
            self._engine,
            self.texts,
            repeats=self.repeats,
            seed=self.seed,
            real=self._clip.pictures(self.known.pictures),
        )

    def _real(self, troupe: Troupe, seed: int) -> Shown:
        return self._shown(staged(troupe, self.wanted, self.repeats, seed))

    def _shown(self, pictures: Floats) -> Shown:
        return Shown(pictures=pictures, looks=self.judge.look(pictures))
