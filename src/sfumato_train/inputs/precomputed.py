"""Samples as `sfumato-train precompute` kept them: sample j of a run is a row of the features (features/order.py)."""

from typing import Any

from numpy.random import Generator
from torch import Tensor

from sfumato.networks.space import Space
from sfumato_train.conditions import Words
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.features.key import Key, drawings_key, pairs_key
from sfumato_train.features.order import row_of
from sfumato_train.features.store import features
from sfumato_train.inputs.computed import space_of
from sfumato_train.samples import Batch


class PrecomputedPairs:
    """See `Pairs`. Raises InputError when the features are not there or are not those of this stage."""

    def __init__(self, stage: Any, context: Context) -> None:
        self.stage, self.context, self.seed = stage, context, stage.train.seed
        self.features = features(context.runs / stage.features, self._key())

    def _key(self) -> Key:
        return pairs_key(self.stage, self.context)

    @property
    def clip(self) -> Any:
        """Read anew each time: only sheets and beginnings ask for it."""
        return self.context.trained("clip")

    def batch(self, first: int, count: int) -> Batch:
        return self.features.batch([row_of(self.seed, j, self.features.rows) for j in range(first, first + count)])

    def held_out(self, count: int) -> Batch:
        return self.features.sheet(count)

    def pictures(self, count: int) -> Tensor:
        held_out = self.context.held_out(self.stage.stream, "heldout_pair")
        return pictures_to_tensor(held_out.batch(0, count).pictures)

    def z_img(self, batch: Batch, keep: Tensor | None = None) -> Tensor:
        z_img = batch["z_img"].float()
        return z_img if keep is None else z_img * keep[:, None]

    def words(self, batch: Batch, keep: Tensor | None = None) -> Words:
        feats = batch["txt_feats"].float()
        return Words(z_txt=batch["z_txt"].float(), txt_feats=feats, txt_mask=batch["txt_mask"])


class PrecomputedDrawings(PrecomputedPairs):
    """See `Drawings`: a mask belongs to its row, so a picture that comes again has the same one."""

    def _key(self) -> Key:
        return drawings_key(self.stage, self.context)

    @property
    def space(self) -> Space:
        """Read anew each time, for sheets."""
        stage: DecoderStage = self.stage
        return space_of(stage, self.context)

    def masked_batch(self, first: int, count: int, rngs: list[Generator]) -> Batch:
        return self.batch(first, count)

    def points(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return batch["x_0"].float(), batch["known"].float()

    @property
    def map_channels(self) -> int:
        return self.features.parts[0].tensors["maps"].shape[1]

    def seen(self, batch: Batch, keep: Tensor) -> tuple[Tensor, Tensor]:
        return self.z_img(batch, keep), batch["maps"].float()
