"""The decoder in its space: x_0 prediction, loss on the velocity, with captions, embeddings and masks dropped.

Where the stage asks for it, the middle of the U-Net is aligned with the frozen image tower (REPA).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.diffusion.parameterization import add_noise, to_v
from sfumato.diffusion.samplers import ddim
from sfumato.diffusion.schedule import Schedule, schedule, time_steps
from sfumato.errors import InputError
from sfumato.networks.decoder import MASK_SIZE, Decoder
from sfumato.networks.space import Space
from sfumato_train.conditions import Words, words
from sfumato_train.config import DecoderStage
from sfumato_train.context import Context
from sfumato_train.inputs import Drawings, drawings_of
from sfumato_train.noise import decoder_noise, generators, normal
from sfumato_train.tasks.sheets import grid, to_rgb

SHEET_PROMPTS = (
    "a red apple, noto emoji style",
    "a panda holding a balloon",
    "a yellow house, openclipart style",
    "three lemons",
    "a smiling face with sunglasses",
    "a blue car",
    "a cat to the left of a dog",
    "a polar bear playing a guitar",
)

SNR_LIMIT = 5.0


def min_snr(schedule: Schedule, t: Tensor) -> Tensor:
    """Weights [B] of the squared error of x_0: min(α²/σ², 5) (Hang et al. 2023, arXiv 2303.09556, section 3.4).

    At t = 1 nothing of x_0 is seen and its weight is 0.
    """
    ratio = schedule.alpha(t) / schedule.sigma(t).clamp(min=1e-6)
    weight: Tensor = ratio.square().clamp(max=SNR_LIMIT)
    return weight


def alignment(made_BCHW: Tensor, map_BCHW: Tensor) -> Tensor:
    """The mean cosine over places (Yu et al. 2024, equation 8), the map brought to the size of `made` by averages."""
    H, W = made_BCHW.shape[-2:]
    wanted = F.adaptive_avg_pool2d(map_BCHW, (H, W))
    return F.cosine_similarity(made_BCHW, wanted, dim=1).mean()


class DecoderTask:
    """See the module's text. Raises InputError where the network cannot be aligned as its stage asks."""

    def __init__(self, stage: DecoderStage, context: Context) -> None:
        self.stage, self.context = stage, context
        torch.manual_seed(stage.train.seed)
        self.network: Any = Decoder(stage.network)
        self.schedule = schedule(stage.schedule)
        self.inputs: Drawings = drawings_of(stage, context)
        if stage.alignment:
            self._check_width()
        elif self.network.align is not None:
            self.network.align.requires_grad_(False)  # processes wait for the gradients of all that is trained

    def _check_width(self) -> None:
        align, width = self.stage.network.align, self.inputs.map_channels
        if align != width:
            raise InputError(
                f"The decoder points with {align} channels and the image tower's map has {width}; "
                f"set network.align={width}, or alignment=0."
            )

    @property
    def clip(self) -> Any:
        """The frozen towers."""
        return self.inputs.clip

    @property
    def space(self) -> Space:
        """Where the decoder draws."""
        space: Space = self.inputs.space
        return space

    def batch(self, first: int, count: int) -> dict[str, Tensor]:
        rngs = generators(self.stage.train.seed, first, count)
        noise = decoder_noise(rngs, self.stage)
        return self.inputs.masked_batch(first, count, rngs) | noise

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        t = batch["t"]
        # What is dropped is not computed: the towers cost half as much as the decoder.
        said = self.inputs.words(batch, batch["keep_txt"])
        z_img, maps = self._seen(batch)
        x_0, known = self.inputs.points(batch)
        x_t = add_noise(x_0, batch["eps"], schedule=self.schedule, t=t)
        words_in = (said.txt_feats, said.txt_mask, batch["keep_txt"])
        told = (x_t, t, z_img, batch["keep_z"], *words_in, known, batch["mask"])
        if maps is None:
            return self._errors(network(*told).float(), x_0, x_t, t)
        made, pointing = network(*told, aligned=True)
        values = self._errors(made.float(), x_0, x_t, t)
        cosine = alignment(pointing.float(), maps)
        return values | {"loss": values["loss"] + self.stage.alignment * (1 - cosine), "alignment": cosine.detach()}

    def _seen(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor | None]:
        """z_img, zeros where it is dropped, and the maps to align with, which are those of all pictures."""
        if self.stage.alignment:
            return self.inputs.seen(batch, batch["keep_z"])
        return self.inputs.z_img(batch, batch["keep_z"]), None

    def _errors(self, made: Tensor, x_0: Tensor, x_t: Tensor, t: Tensor) -> dict[str, Tensor]:
        return {"loss": self._descended(made, x_0, x_t, t), "x_0_mse": (made.detach() - x_0).square().mean()}

    def _descended(self, made: Tensor, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """The mean squared error that the stage's `loss` names."""
        if self.stage.loss == "v":
            return (self._velocity(made, x_t, t) - self._velocity(x_0, x_t, t)).square().mean()
        each = (made - x_0).square().mean(dim=(1, 2, 3))
        return (each * min_snr(self.schedule, t)).mean() if self.stage.loss == "min_snr" else each.mean()

    def _velocity(self, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        floor = self.stage.velocity_floor
        out: Tensor = to_v("x0", x_0, x_t, schedule=self.schedule, t=t, floor=floor)
        return out

    def sheet(self, network: nn.Module) -> NDArray[np.uint8]:
        """Three rows: held-out pictures, the same from z_img alone, and drawings from words alone."""
        clip, picture = self.clip, self.inputs.pictures(8)
        z_img = self.inputs.z_img(self.inputs.held_out(8))
        blank = words(clip, *self.context.tokens(["" for _ in range(8)]))
        said = words(clip, *self.context.tokens(list(SHEET_PROMPTS)))
        from_z = self.sample(network, z_img=z_img, keep_z=1, said=blank, keep_txt=0)
        from_words = [
            self.sample(network, z_img=z_img, keep_z=0, said=said, keep_txt=1, seed=seed) for seed in (0, 100)
        ]
        return grid(np.concatenate([to_rgb(part) for part in (picture, from_z, *from_words)]), 8)

    def sample(
        self,
        network: nn.Module,
        *,
        z_img: Tensor,
        keep_z: int,
        said: Words,
        keep_txt: int,
        guidance: float = 3.0,
        steps: int = 20,
        seed: int = 0,
    ) -> Tensor:
        """Guided DDIM from noise → pictures [B, 4, 64, 64]."""
        config, B = self.stage.network, len(z_img)
        shape = (config.channels, config.size, config.size)
        ones = torch.ones(B)
        known, whole = torch.zeros(B, *shape), torch.ones(B, 1, MASK_SIZE, MASK_SIZE)

        def denoise(x_t: Tensor, t: float) -> Tensor:
            def once(z: int, txt: int) -> Tensor:
                out: Tensor = network(
                    x_t, ones * t, z_img, ones * z, said.txt_feats, said.txt_mask, ones * txt, known, whole
                )
                return out.float()

            uncond = once(0, 0)
            return uncond + guidance * (once(keep_z, keep_txt) - uncond)

        start = normal(generators(seed, 0, B), shape)
        made: Any = ddim(denoise, start, time_steps(steps), schedule=self.schedule)
        return self.space.decode(made)
