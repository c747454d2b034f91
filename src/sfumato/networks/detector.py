"""A small detector of things in drawn pictures: where they are, what they are, which colour they have.

One point a thing on a coarse grid, as in CenterNet (Zhou et al. 2019): the cell that its centre falls into tells its
class, its box and its colour. It judges pictures and takes no part in making them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.networks.blocks import ResBlock, group_norm

PRIOR = 0.03  # share of cells with a thing in them, which the head starts from (Lin et al. 2017, section 4.1)


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """`things`, `colours`: names of the classes; `size`: side of the pictures; `widths`: channels at 1/4, 1/8 and 1/16
    of it; `blocks`: residual blocks there; `features`: channels of the map that the answers are read from.
    """

    things: tuple[str, ...] = ("thing",)
    colours: tuple[str, ...] = ("red", "blue")
    size: int = 64
    widths: tuple[int, int, int] = (64, 128, 176)
    blocks: tuple[int, int, int] = (1, 2, 2)
    features: int = 160

    @property
    def grid(self) -> int:
        """Cells along a side."""
        return self.size // 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Maps over the grid [B, …, G, G].

    thing: logit that a thing's centre lies in the cell; box: logits of the centre within the cell (x, y) and of the
    width and height as shares of the picture; kind: logits over the things and, last, "something else"; colour: logits
    over the colours.
    """

    thing: Tensor
    box: Tensor
    kind: Tensor
    colour: Tensor


class Detector(nn.Module):
    """Premultiplied RGBA [B, 4, S, S] in [−1, 1] → answers over the grid."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.unshuffle = nn.PixelUnshuffle(4)
        self.stem = nn.Conv2d(64, fine, 3, padding=1)
        self.fine = _blocks(fine, config.blocks[0])
        self.to_middle = nn.Conv2d(fine, middle, 3, stride=2, padding=1)
        self.middle = _blocks(middle, config.blocks[1])
        self.to_coarse = nn.Conv2d(middle, coarse, 3, stride=2, padding=1)
        self.coarse = _blocks(coarse, config.blocks[2])
        self.back = nn.Conv2d(coarse, 4 * middle, 1)
        self.joined = ResBlock(2 * middle, config.features)
        self.norm = group_norm(config.features)
        self.parts = (1, 4, len(config.things) + 1, len(config.colours))
        self.head = nn.Conv2d(config.features, sum(self.parts), 1)
        with torch.no_grad():
            nn.init.normal_(self.head.weight, std=0.01)
            nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
            self.head.bias[0] = torch.logit(torch.tensor(PRIOR))  # type: ignore[index]

    def features(self, picture_BCHW: Tensor) -> Tensor:
        """The map that the answers are read from, [B, features, G, G]."""
        x = self.fine(self.stem(self.unshuffle(picture_BCHW)))
        middle = self.middle(self.to_middle(x))
        coarse = self.coarse(self.to_coarse(middle))
        whole = F.pixel_shuffle(self.back(coarse), 2)
        out: Tensor = F.silu(self.norm(self.joined(torch.cat([middle, whole], dim=1))))
        return out

    def answers(self, features_BDGG: Tensor) -> Answers:
        """What the head reads from `features`."""
        thing, box, kind, colour = self.head(features_BDGG).split(self.parts, dim=1)
        return Answers(thing=thing[:, 0], box=box, kind=kind, colour=colour)

    def forward(self, picture_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """→ the four maps of `Answers`, as wrappers that want tensors need them."""
        found = self.answers(self.features(picture_BCHW))
        return found.thing, found.box, found.kind, found.colour


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResBlock(width, width) for _ in range(count)))
