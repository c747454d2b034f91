"""Representation alignment (REPA, Yu et al. 2024, arXiv 2410.06940) of the decoder with the image tower.

The map in the middle of the U-Net, through a small perceptron at every place, should point where the last map of the
frozen image tower points.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.tasks.decoder import DecoderTask

WIDTH = 512


class Aligned(nn.Module):
    """A decoder and the perceptron from its middle; called as the decoder. `middle`: [B, C, h, w] of the last call."""

    def __init__(self, decoder: Any, features: int) -> None:
        super().__init__()
        channels = decoder.config.unet.widths[-1]
        self.decoder = decoder
        self.project = nn.Sequential(nn.Conv2d(channels, WIDTH, 1), nn.SiLU(), nn.Conv2d(WIDTH, features, 1))
        self.middle = torch.zeros(0)
        decoder.unet.middle[-1].register_forward_hook(self._remember)

    def _remember(self, _module: nn.Module, _told: Any, answer: Tensor) -> None:
        self.middle = answer

    def forward(self, *told: Tensor) -> Tensor:
        """The estimate of x_0."""
        out: Tensor = self.decoder(*told)
        return out


class AlignedTask(DecoderTask):
    """The decoder's loss plus `weight` times one minus the mean cosine of both maps."""

    def __init__(self, stage: DecoderStage, context: Context, *, weight: float) -> None:
        super().__init__(stage, context)
        self.weight = weight
        self.network = Aligned(self.network, self.clip.config.image.widths[-1])

    def loss(self, network: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        values = super().loss(network, batch)
        with torch.no_grad():
            features = self.features(batch["picture"])
        cosine = aligned(network.project(network.middle).float(), features.float())
        return values | {"loss": values["loss"] + self.weight * (1 - cosine), "alignment": cosine.detach()}

    def features(self, picture: Tensor) -> Tensor:
        """The image tower's last map."""
        remembering = getattr(self.clip, "features", None)
        out: Tensor = remembering(picture) if remembering is not None else self.clip.image.features(picture)
        return out


def aligned(made_BCHW: Tensor, features_BCHW: Tensor) -> Tensor:
    """Mean cosine over places; the features are averaged to the map's size where theirs is larger."""
    features = F.adaptive_avg_pool2d(features_BCHW, made_BCHW.shape[-1])
    return F.cosine_similarity(made_BCHW, features, dim=1).mean()
