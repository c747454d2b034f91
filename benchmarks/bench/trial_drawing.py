"""Ways of guiding a decoder, for trials: without its conditions, in an interval of times, and by a weaker decoder."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sfumato.diffusion.guidance import ALWAYS, Interval, guided, scale_at
from sfumato.diffusion.samplers import SAMPLERS
from sfumato.diffusion.schedule import time_steps
from sfumato.networks.decoder import MASK_SIZE
from sfumato_train.conditions import Words
from sfumato_train.noise import generators, normal
from sfumato_train.tasks.decoder import DecoderTask

PART = 30


@dataclass(frozen=True, kw_only=True)
class Guide:
    """`scale` away from what is drawn without conditions, within `interval` (Kynkäänniemi et al. 2024); with `weak`,
    away from what an earlier decoder draws with the same conditions (autoguidance, Karras et al. 2024).
    """

    name: str
    scale: float = 3.0
    interval: Interval = ALWAYS
    weak: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """What is drawn: z_img [N, E] and captions of N pictures."""

    z_img: Tensor
    said: Words

    def part(self, first: int) -> "Conditions":
        """PART of them."""
        at = slice(first, first + PART)
        said = Words(z_txt=self.said.z_txt[at], txt_feats=self.said.txt_feats[at], txt_mask=self.said.txt_mask[at])
        return Conditions(z_img=self.z_img[at], said=said)


@torch.no_grad()
def draw(
    task: DecoderTask,
    network: nn.Module,
    wanted: Conditions,
    guide: Guide,
    *,
    weak: nn.Module | None = None,
    steps: int,
    seed: int,
) -> Tensor:
    """Pictures [N, 4, 64, 64]; picture n starts from the noise of (seed, n), whatever the guide."""
    starts = range(0, len(wanted.z_img), PART)
    made = [_draw_part(task, network, wanted.part(at), guide, weak, steps, (seed, at)) for at in starts]
    return torch.cat(made).clamp(-1, 1)


def _draw_part(
    task: DecoderTask,
    network: nn.Module,
    wanted: Conditions,
    guide: Guide,
    weak: nn.Module | None,
    steps: int,
    place: tuple[int, int],
) -> Tensor:
    config, B = task.stage.network, len(wanted.z_img)
    shape = (config.channels, config.size, config.size)

    def denoise(x_t: Tensor, t: float) -> Tensor:
        cond = answer(network, x_t, t, wanted, keep=1.0)
        scale = scale_at(t, guide.scale, guide.interval)
        if scale == 1.0:
            return cond
        other = weak if guide.weak else network
        assert other is not None, "autoguidance needs a weaker decoder"
        return guided(cond, answer(other, x_t, t, wanted, keep=float(guide.weak)), scale)

    start = normal(generators(place[0], place[1], B), shape)
    sampler: Any = SAMPLERS["dpmpp_2m"]
    made: Tensor = task.space.decode(sampler(denoise, start, time_steps(steps), schedule=task.schedule))
    return made


def answer(network: nn.Module, x_t: Tensor, t: float, wanted: Conditions, *, keep: float) -> Tensor:
    """The estimate of x_0 with (`keep` 1) or without (0) the conditions; all is painted."""
    B = len(x_t)
    kept, whole = torch.full((B,), keep), torch.ones(B, 1, MASK_SIZE, MASK_SIZE)
    said = wanted.said
    made: Tensor = network(
        x_t, torch.full((B,), t), wanted.z_img, kept, said.txt_feats, said.txt_mask, kept, torch.zeros_like(x_t), whole
    )
    return made.float()
