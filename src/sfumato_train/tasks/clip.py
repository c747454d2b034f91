"""Contrastive training with many pictures of a concept in a batch."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sfumato.networks.clip import Clip
from sfumato_train.config import ClipStage
from sfumato_train.context import Context, load_minilm, pictures_to_tensor
from sfumato_train.data.stream import Stream
from sfumato_train.distributed import gathered
from sfumato_train.tasks.sheets import heat_map


def multi_positive_loss(logits_RC: Tensor, positive_RC: Tensor) -> Tensor:
    """Cross entropy of each row against all its positives at once (Khosla et al. 2020, eq. 2; UniCL, Yang et al. 2022).

    `positive_RC` is True where the column shows the row's concept; every row has a positive.
    """
    log_p = logits_RC.log_softmax(dim=1)
    count = positive_RC.sum(dim=1)
    loss: Tensor = -(log_p * positive_RC).sum(dim=1) / count
    return loss.mean()


class ClipTask:
    """Pictures and captions → similarity."""

    def __init__(self, stage: ClipStage, context: Context) -> None:
        self.stage, self.context = stage, context
        torch.manual_seed(stage.train.seed)
        self.network: Any = Clip(stage.network)
        self.network.text.encoder.load_state_dict(load_minilm(stage.network.text))
        self.stream = context.stream(stage.stream, seed=stage.train.seed, batch=stage.train.batch)
        self.held_out = context.held_out(stage.stream, "heldout_pair")

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        return self._read(self.stream, first, count)

    def _read(self, stream: Stream, first: int, count: int) -> dict[str, Tensor]:
        read = stream.batch(first, count)
        tokens, mask = self.context.tokens(read.captions)
        return {
            "picture": pictures_to_tensor(read.pictures),
            "txt_tokens": tokens,
            "txt_mask": mask,
            "concepts": torch.from_numpy(read.concepts),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        z_img, z_txt, scale = network(batch["picture"], batch["txt_tokens"], batch["txt_mask"])
        concepts = gathered(batch["concepts"])
        positive = batch["concepts"][:, None] == concepts[None, :]
        to_txt = scale * z_img @ gathered(z_txt).T
        to_img = scale * z_txt @ gathered(z_img).T
        loss = (multi_positive_loss(to_txt, positive) + multi_positive_loss(to_img, positive)) / 2
        top = to_txt.argmax(dim=1, keepdim=True)
        return {"loss": loss, "top1": positive.gather(1, top).float().mean(), "scale": scale.detach()}

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Similarities of 48 held-out pairs, rows pictures, columns captions: the diagonal should shine."""
        batch = self._read(self.held_out, 0, 48)
        z_img, z_txt, _ = network(batch["picture"], batch["txt_tokens"], batch["txt_mask"])
        return heat_map((z_img @ z_txt.T).float().numpy())
