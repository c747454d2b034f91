"""Samples of a stage's stream, and what the frozen networks say of them."""

from typing import Any

import torch
from torch import Tensor

from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.features.embeddings import alike, beside
from sfumato_train.features.key import UNIT
from sfumato_train.features.part import packed
from sfumato_train.inputs.computed import ComputedDrawings, ComputedPairs, as_batch
from sfumato_train.noise import decoder_noise, generators
from sfumato_train.precision import bf16_is_faster
from sfumato_train.samples import Batch

FOUND, OTHERS = "found", "of another CLIP"


class Maker:
    """`batch` is the loader's, `answers` this process's. Raises InputError for missing checkpoints and data.

    `embeddings`: FOUND where those beside the shards are used, OTHERS where they are of another CLIP, else empty.
    """

    def __init__(self, stage: Any, context: Context) -> None:
        self.stage, self.context = stage, context
        self.inputs: Any = (ComputedDrawings if isinstance(stage, DecoderStage) else ComputedPairs)(stage, context)
        self.stream = context.stream(stage.stream, seed=stage.train.seed, batch=UNIT)
        setting = stage.train.bf16
        self.bf16 = bf16_is_faster() if setting is None else setting
        self.embeddings = ""
        self._aligned = isinstance(stage, DecoderStage) and stage.alignment > 0
        # Where maps are asked for the image tower runs in any case.
        self._beside = beside(context.shards) if context.shards and not self._aligned else None

    def batch(self, first: int, count: int) -> Batch:
        """Pictures, words, names and, for decoders, masks of samples first .. first+count-1."""
        read = self.stream.batch(first, count)
        made = as_batch(read, self.context) | {"records": torch.from_numpy(read.records)}
        if isinstance(self.stage, DecoderStage):
            rngs = generators(self.stage.train.seed, first, count)
            decoder_noise(rngs, self.stage)  # drawn before the masks, as in training
            made["mask"] = self.inputs.masks(rngs)
        return made

    def answers(self, batch: Batch) -> Batch:
        """All that `packed` needs of a batch, in the arithmetic that the stage is trained in."""
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return self._answers(batch)

    def _answers(self, batch: Batch) -> Batch:
        said = self.inputs.words(batch)
        told = {**self._of_pictures(batch), "z_txt": said.z_txt, "txt_feats": said.txt_feats}
        told |= {name: batch[name] for name in ("txt_tokens", "txt_mask")}
        if "mask" in batch:
            x_0, known = self.inputs.points(batch)
            told |= {"x_0": x_0, "known": known, "mask": batch["mask"]}
        return told

    def _of_pictures(self, batch: Batch) -> Batch:
        """z_img and, but for sheets, the maps that the stage aligns with."""
        if not (self._aligned and "mask" in batch):
            return {"z_img": self._z_img(batch)}
        z_img, maps = self.inputs.seen(batch)
        return {"z_img": z_img, "maps": maps}

    def _z_img(self, batch: Batch) -> Tensor:
        """From beside the shards, once the image tower has agreed with the first of these; else its answer."""
        found = self._beside.of(batch["records"]) if self._beside is not None and "records" in batch else None
        if found is not None and self.embeddings == FOUND:
            return found
        z_img: Tensor = self.inputs.z_img(batch)
        if found is not None:
            self.embeddings = FOUND if alike(found, z_img) else OTHERS
            self._beside = self._beside if self.embeddings == FOUND else None
        return z_img

    def held_out(self, count: int) -> Batch:
        """What sheets need, without masks."""
        batch: Batch = self.inputs.held_out(count)
        return batch

    def bytes_a_sample(self) -> float:
        """Of a part, by the first samples."""
        tensors = packed(self.answers(self.batch(0, UNIT)))
        return sum(tensor.nbytes for tensor in tensors.values()) / UNIT
