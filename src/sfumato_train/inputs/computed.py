"""Samples from the stream; the frozen networks answer for each in every step."""

from typing import Any

import torch
from numpy.random import Generator
from torch import Tensor

from sfumato.networks.decoder import MASK_SIZE
from sfumato.networks.space import LatentSpace, PixelSpace, Space, known_part
from sfumato_train.conditions import Words, embedding_and_map, image_embedding, kept_embedding, kept_words, words
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.data.stream import Batch as Read
from sfumato_train.noise import mask, stacked
from sfumato_train.samples import Batch


def as_batch(read: Read, context: Context) -> Batch:
    """`picture` [B, 4, 64, 64], `txt_tokens` and `txt_mask` [B, L] of what a stream gives."""
    tokens, txt_mask = context.tokens(read.captions)
    return {"picture": pictures_to_tensor(read.pictures), "txt_tokens": tokens, "txt_mask": txt_mask}


def space_of(stage: DecoderStage, context: Context) -> Space:
    """A decoder's space, with the trained autoencoder where it has one."""
    return PixelSpace() if stage.space == "pixel" else LatentSpace(context.trained("autoencoder"))


class ComputedPairs:
    """See `Pairs`. Raises InputError when clip has no checkpoint."""

    def __init__(self, stage: Any, context: Context) -> None:
        self.context = context
        self.clip = context.trained("clip")
        self.stream = context.stream(stage.stream, seed=stage.train.seed, batch=stage.train.batch)
        self.held_out_stream = context.held_out(stage.stream, "heldout_pair")

    def batch(self, first: int, count: int) -> Batch:
        return as_batch(self.stream.batch(first, count), self.context)

    def held_out(self, count: int) -> Batch:
        return as_batch(self.held_out_stream.batch(0, count), self.context)

    def pictures(self, count: int) -> Tensor:
        return pictures_to_tensor(self.held_out_stream.batch(0, count).pictures)

    def z_img(self, batch: Batch, keep: Tensor | None = None) -> Tensor:
        if keep is None:
            return image_embedding(self.clip, batch["picture"])
        return kept_embedding(self.clip, batch["picture"], keep)

    def words(self, batch: Batch, keep: Tensor | None = None) -> Words:
        told = (batch["txt_tokens"], batch["txt_mask"])
        return words(self.clip, *told) if keep is None else kept_words(self.clip, *told, keep)


class ComputedDrawings(ComputedPairs):
    """See `Drawings`. Raises InputError when clip or, in latents, autoencoder has no checkpoint."""

    def __init__(self, stage: DecoderStage, context: Context) -> None:
        super().__init__(stage, context)
        self.masked = stage.masked
        self.space = space_of(stage, context)

    def masked_batch(self, first: int, count: int, rngs: list[Generator]) -> Batch:
        return self.batch(first, count) | {"mask": self.masks(rngs)}

    def masks(self, rngs: list[Generator]) -> Tensor:
        """[B, 1, 64, 64], 1 = repaint; the share `masked` of the samples keep a part of their picture."""
        return stacked(rngs, lambda rng: mask(rng, MASK_SIZE, self.masked))

    @property
    def map_channels(self) -> int:
        width: int = self.clip.config.image.widths[-1]
        return width

    def seen(self, batch: Batch, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        z_img, maps = embedding_and_map(self.clip, batch["picture"])
        return (z_img if keep is None else z_img * keep[:, None]), maps

    @torch.no_grad()
    def points(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x_0 = self.space.encode(batch["picture"]).float()
        return x_0, self._known(batch["picture"], batch["mask"], x_0)

    def _known(self, picture: Tensor, mask: Tensor, like: Tensor) -> Tensor:
        """`known_part` for the samples that keep some of their picture, zeros for the others."""
        known = torch.zeros_like(like)
        some = mask.amin(dim=(1, 2, 3)) < 0.5
        if bool(some.any()):
            known[some] = known_part(self.space, picture[some], mask[some]).float()
        return known
