"""The space of latents: reconstruction through noise."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.networks.autoencoder import Autoencoder, edge_aware_loss
from sfumato_train.config import AutoencoderStage
from sfumato_train.context import Context, pictures_to_tensor
from sfumato_train.noise import generators, stacked
from sfumato_train.tasks.sheets import grid, to_rgb


class AutoencoderTask:
    """Pictures → latents → pictures."""

    def __init__(self, stage: AutoencoderStage, context: Context) -> None:
        self.stage = stage
        torch.manual_seed(stage.train.seed)
        self.network: Any = Autoencoder(stage.network)
        if stage.freeze_encoder:
            self.network.freeze_encoder()
        self.stream = context.stream(stage.stream, seed=stage.train.seed, batch=stage.train.batch)
        self.held_out = context.held_out(stage.stream, "heldout_concept")

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        network = self.stage.network
        shape = (network.channels, network.size, network.size)

        def draw(rng: np.random.Generator) -> Any:
            return rng.uniform(0, self.stage.noise) * rng.standard_normal(shape, dtype=np.float32)

        rngs = generators(self.stage.train.seed, first, count)
        pictures = pictures_to_tensor(self.stream.batch(first, count).pictures)
        return {"picture": pictures, "noise": stacked(rngs, draw)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        made = network(batch["picture"], batch["noise"])
        loss = edge_aware_loss(made, batch["picture"])
        mse = (made.detach().float() - batch["picture"]).square().mean()
        return {"loss": loss, "psnr": 10 * torch.log10(4 / mse)}

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """32 held-out pictures, each row followed by its reconstruction."""
        picture = pictures_to_tensor(self.held_out.batch(0, 32).pictures)
        wanted, made = to_rgb(picture), to_rgb(network(picture))
        rows = [part[i : i + 16] for i in (0, 16) for part in (wanted, made)]
        return grid(np.concatenate(rows), 16)
