"""Where tasks have their samples and the frozen networks' answers from: computed in every step, or precomputed.

A task asks its inputs for a batch (in the loader, which may be another process) and, in the step, for what frozen
networks say of it. Both kinds answer the same questions, so a task does not know which it has.
"""

from typing import Any, Protocol

from numpy.random import Generator
from torch import Tensor

from sfumato_train.conditions import Words
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.inputs.computed import ComputedDrawings, ComputedPairs
from sfumato_train.inputs.precomputed import PrecomputedDrawings, PrecomputedPairs
from sfumato_train.samples import Batch


class Pairs(Protocol):
    """Embeddings of pictures and words."""

    @property
    def clip(self) -> Any:
        """Both frozen towers, for sheets; where they are not needed otherwise they are read each time."""

    def batch(self, first: int, count: int) -> Batch:
        """Samples first .. first+count-1: `txt_tokens`, `txt_mask` [B, L] and what `z_img` and `words` need."""

    def held_out(self, count: int) -> Batch:
        """Samples of sheets, never trained on where there are such; the same as `batch` gives."""

    def pictures(self, count: int) -> Tensor:
        """[B, 4, 64, 64] in [−1, 1]: what those samples show."""

    def z_img(self, batch: Batch, keep: Tensor | None = None) -> Tensor:
        """[B, E]; zeros where `keep` [B] is 0."""

    def words(self, batch: Batch, keep: Tensor | None = None) -> Words:
        """Of the captions; those with `keep` [B] = 0 may be anything finite."""


class Drawings(Pairs, Protocol):
    """What decoders learn from besides: points of their space and masked pictures."""

    @property
    def space(self) -> Any:
        """The decoder's space."""

    def masked_batch(self, first: int, count: int, rngs: list[Generator]) -> Batch:
        """`batch` with `mask` [B, 1, 64, 64], drawn from the samples' generators or kept with their rows."""

    def points(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """x_0 and what is known of it under the mask, float32 [B, C, S, S] both."""

    @property
    def map_channels(self) -> int:
        """Of the image tower's last map."""

    def seen(self, batch: Batch, keep: Tensor) -> tuple[Tensor, Tensor]:
        """`z_img` and the image tower's last maps [B, C, h, w], which are those of all pictures, kept or not."""


def pairs_of(stage: Any, context: Context) -> Pairs:
    """The inputs that a stage of prior, ar_prior or language asks for."""
    return PrecomputedPairs(stage, context) if stage.precomputed else ComputedPairs(stage, context)


def drawings_of(stage: DecoderStage, context: Context) -> Drawings:
    """The inputs that a decoder's stage asks for."""
    return PrecomputedDrawings(stage, context) if stage.precomputed else ComputedDrawings(stage, context)
