"""The parts that are not trained: a bundle's own graphs, which make of pictures and words what the decoder sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sfumato.engine.base import Array
from sfumato.errors import BundleError
from sfumato.picture.convert import Floats
from sfumato.pipeline.decoder import Condition, sample_decoder
from sfumato.pipeline.describe import describe
from sfumato.pipeline.embed import embed_pictures
from sfumato.pipeline.latent import to_space
from sfumato.pipeline.model import Model
from sfumato.pipeline.prior import Caption, encode_text, prior_prefix, sample_prior
from sfumato.pipeline.watch import SILENT, Watch

BATCH = 16
TRANSPARENT = -1.0


class Frozen:
    """One model's towers, prior and space, as functions of arrays."""

    def __init__(self, model: Model) -> None:
        self.model, self.engine = model, model.engine
        missing = [name for name in model.manifest.required_graphs() if not self.engine.has(name)]
        if missing:
            raise BundleError(f"The model {model.manifest.name} has no graph {missing[0]}; choose another model.")

    @property
    def speaks(self) -> bool:
        """Whether it can describe a picture."""
        return self.model.manifest.language is not None

    def describe(self, picture: Floats) -> str:
        """A caption of [1, 4, 64, 64]; empty where none was found."""
        found = describe(self.model, picture, n=1)
        return found[0].text if found else ""

    def embed(self, pictures: Floats) -> Floats:
        """[N, 4, 64, 64] → z_img [N, E]."""
        return embed_pictures(self.model, pictures)

    def points(self, pictures: Floats) -> Floats:
        """[N, 4, 64, 64] → x_0 [N, C, S, S], in batches of one size, so that the graph is compiled once."""
        rows = [np.asarray(to_space(self.engine, _filled(part)))[: len(part)] for part in _parts(pictures)]
        return np.concatenate(rows).astype(np.float32)

    def known(self, pictures: Floats, masks: Floats) -> Floats:
        """What the decoder is shown of pictures of which a part is erased: masks [N, 1, 64, 64], 1 = repaint."""
        return self.points(pictures * (1 - masks) + np.float32(TRANSPARENT) * masks)

    def read(self, caption: str) -> Caption:
        """The text tower."""
        return encode_text(self.engine, self.model.tokenizer(caption), watch=Watch(SILENT))

    def imagine(self, caption: Caption, seeds: Sequence[int]) -> Floats:
        """z_img [len(seeds), E] that the prior makes of a caption."""
        told = prior_prefix(self.engine, caption)
        return np.concatenate(
            [sample_prior(self.engine, caption, told, seed=seed, watch=Watch(SILENT)) for seed in seeds]
        )

    def draw(self, caption: Caption, z_img: Array, seed: int) -> Floats:
        """x_0 [1, C, S, S] as the model draws it now."""
        condition = Condition(z_img=z_img, caption=caption)
        preset = self.model.manifest.stages.decoder
        made: Floats = sample_decoder(self.engine, condition, preset, seed=seed, watch=Watch(SILENT))
        return made


def _parts(rows: Floats) -> list[Floats]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _filled(part: Floats) -> Floats:
    """The last part, repeated up to the size of the others."""
    return part if len(part) == BATCH else np.resize(part, (BATCH, *part.shape[1:]))
