"""The space a decoder works in: the pixels themselves or an autoencoder's latents. Nothing else knows which."""

from typing import Protocol

from torch import Tensor

from sfumato.networks.autoencoder import Autoencoder

TRANSPARENT = -1.0


class Space(Protocol):
    """Pictures [B, 4, 64, 64] in [−1, 1] to points [B, C, S, S] and back."""

    kind: str
    channels: int
    size: int

    def encode(self, picture: Tensor) -> Tensor:
        """Picture → point."""

    def decode(self, point: Tensor) -> Tensor:
        """Point → picture."""


class PixelSpace:
    """Points are the pictures."""

    kind = "pixel"
    channels = 4
    size = 64

    def encode(self, picture: Tensor) -> Tensor:
        return picture

    def decode(self, point: Tensor) -> Tensor:
        return point


class LatentSpace:
    """Points are an autoencoder's whitened latents."""

    kind = "latent"

    def __init__(self, autoencoder: Autoencoder) -> None:
        self.autoencoder = autoencoder
        self.channels, self.size = autoencoder.config.channels, autoencoder.config.size

    def encode(self, picture: Tensor) -> Tensor:
        return self.autoencoder.encode(picture)

    def decode(self, point: Tensor) -> Tensor:
        return self.autoencoder.decode(point)


def known_part(space: Space, picture: Tensor, mask: Tensor) -> Tensor:
    """What the decoder is shown of a picture: erased places are transparent; all erased is zero in every space.

    picture [B, 4, 64, 64]; mask [B, 1, 64, 64], 1 = repaint → [B, C, S, S].
    """
    point = space.encode(picture * (1 - mask) + TRANSPARENT * mask)
    some_left = (mask.amin(dim=(1, 2, 3)) < 0.5).to(point.dtype)
    return point * some_left[:, None, None, None]
