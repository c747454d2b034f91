"""The diffusion prior: from a caption to the embedding of a picture that it describes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.diffusion.parameterization import add_noise
from sfumato.diffusion.samplers import ddim
from sfumato.diffusion.schedule import schedule, time_steps
from sfumato.networks.prior import Prior, embedding_scale
from sfumato_train.config import PriorStage
from sfumato_train.context import Context
from sfumato_train.inputs import pairs_of
from sfumato_train.noise import generators, keep, normal, stacked
from sfumato_train.tasks.sheets import heat_map

SHOWN = 48


class PriorTask:
    """Mean squared error of the clean scaled embedding (unCLIP, eq. 2)."""

    def __init__(self, stage: PriorStage, context: Context) -> None:
        self.stage, self.context = stage, context
        torch.manual_seed(stage.train.seed)
        self.network: Any = Prior(stage.network)
        self.inputs = pairs_of(stage, context)
        self.schedule = schedule(stage.schedule)
        self.scale = embedding_scale(stage.network.embedding)

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        rngs = generators(self.stage.train.seed, first, count)
        return self.inputs.batch(first, count) | {
            "t": stacked(rngs, lambda rng: 1 - rng.random()),
            "eps": normal(rngs, (self.stage.network.embedding,)),
            "keep_txt": keep(rngs, self.stage.drop_txt),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        z_img, said = self.inputs.z_img(batch), self.inputs.words(batch)
        z_0 = z_img * self.scale
        z_t = add_noise(z_0, batch["eps"], schedule=self.schedule, t=batch["t"])
        made = network(z_t, batch["t"], said.txt_feats, said.txt_mask, said.z_txt, batch["keep_txt"]).float()
        cosine = torch.cosine_similarity(made.detach(), z_0, dim=1).mean()
        return {"loss": (made - z_0).square().mean(), "cosine": cosine}

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Similarities of 48 sampled embeddings (rows) and true ones (columns) of held-out pairs."""
        batch = self.inputs.held_out(SHOWN)
        z_img, said = self.inputs.z_img(batch), self.inputs.words(batch)
        ones = torch.ones(len(z_img))

        def denoise(z_t: Tensor, t: float) -> Tensor:
            out: Tensor = network(z_t, ones * t, said.txt_feats, said.txt_mask, said.z_txt, ones)
            return out.float()

        start = normal(generators(1, 0, len(z_img)), (z_img.shape[1],))
        made: Any = ddim(denoise, start, time_steps(16), schedule=self.schedule)
        return heat_map((torch.nn.functional.normalize(made) @ z_img.T).float().numpy())
